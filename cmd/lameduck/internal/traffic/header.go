package traffic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// Header is one field of a request.
type Header = timeline.Header

// ParseHeaders reads header fields of the form NAME:VALUE; spaces around the
// value do not count. An error has a hint.
func ParseHeaders(fields []string) ([]Header, error) {
	var all []Header
	for _, field := range fields {
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			return nil, hint.New(fmt.Errorf("the header %q has no colon", field), "write it as NAME:VALUE, for example 'Accept-Language: en'")
		}
		all = append(all, Header{Name: name, Value: strings.Trim(value, " \t")})
	}
	return all, checkHeaders(all)
}

// asked is the request, as engines have it.
func asked(r *timeline.Request) engine.Request {
	headers := make([]engine.Header, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = engine.Header(h)
	}
	return engine.Request{Method: r.Method, Path: r.Path, Host: r.Host, Headers: headers, Body: r.Body}
}

// ours are the fields that the clients set themselves: they decide where a
// request and a connection end.
var ours = []string{"connection", "content-length", "transfer-encoding", "expect", "upgrade", "te", "trailer"}

func checkHeaders(headers []Header) error {
	for _, h := range headers {
		switch lower := strings.ToLower(h.Name); {
		case h.Name == "" || strings.IndexFunc(h.Name, notToken) >= 0:
			return hint.New(fmt.Errorf("%q is not the name of a header", h.Name), "write a header as NAME:VALUE, without a space in the name")
		case lower == "host":
			return hint.New(fmt.Errorf("the header %q has a setting of its own", h.Name), "use --host")
		case slices.Contains(ours, lower):
			return hint.New(fmt.Errorf("the header %q cannot be set", h.Name), "it belongs to the connection, which the traffic pattern controls")
		case strings.IndexFunc(h.Value, notValue) >= 0:
			return hint.New(fmt.Errorf("the value of header %s has a control character", h.Name), "use letters, digits, punctuation and spaces")
		}
	}
	return nil
}

// notValue is true for the characters that may not be in the value of a field
// (RFC 9110 section 5.5).
func notValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isHost reports whether a Host header can be sent as it is (RFC 9110 section
// 7.2): a name or address, with a port if needed.
func isHost(host string) bool {
	return strings.IndexFunc(host, func(r rune) bool { return notPrintable(r) || strings.ContainsRune(`/?#@\"<>^{|}`+"`", r) }) < 0
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// notToken is true for the characters that may not be in a token (RFC 9110
// section 5.6.2).
func notToken(r rune) bool { return notPrintable(r) || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }
