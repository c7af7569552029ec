package http1

import (
	"bytes"
	"math"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// head is what the head of an answer shows about its length and its connection.
type head struct {
	status  int
	minor   int // of HTTP/1.minor
	length  int64
	hasLen  bool
	badLen  bool // it has a Content-Length that is no number, or two that differ
	coded   bool // it has a Transfer-Encoding
	chunked bool // the last coding of that is chunked
	close   bool // Connection: close
	keep    bool // Connection: keep-alive
}

// httpVersion is how every answer begins.
const httpVersion = "HTTP/1."

// parseHead reads a status line and header fields; b ends with a blank line.
// Folded fields (RFC 9112 section 5.2) are unfolded in place.
func parseHead(b []byte) (head, error) {
	line, rest := cutLine(b)
	var h head
	if err := h.statusLine(line); err != nil {
		return h, err
	}
	for len(rest) > 0 {
		var field []byte
		field, rest = cutField(rest)
		if len(field) == 0 {
			break
		}
		name, value, ok := bytes.Cut(field, []byte(":"))
		if !ok {
			return h, engine.NotProtocol("header line without a colon")
		}
		h.field(name, bytes.Trim(value, " \t"))
	}
	return h, nil
}

// statusLine reads "HTTP/1.1 200 OK"; the reason may be missing.
func (h *head) statusLine(line []byte) error {
	const version = len(httpVersion)
	if len(line) < version+2 || string(line[:version]) != httpVersion || !digit(line[version]) || line[version+1] != ' ' {
		return engine.NotProtocol("status line " + excerpt(line))
	}
	h.minor = int(line[version] - '0')
	code, _, _ := bytes.Cut(bytes.TrimLeft(line[version+2:], " "), []byte(" "))
	if len(code) != 3 || code[0] == '0' || !digit(code[0]) || !digit(code[1]) || !digit(code[2]) {
		return engine.NotProtocol("status line " + excerpt(line))
	}
	h.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return nil
}

// field notes a field that matters for the length or the connection.
func (h *head) field(name, value []byte) {
	switch {
	case is(name, "content-length"):
		n, ok := parseLength(value)
		h.badLen = h.badLen || !ok || h.hasLen && n != h.length
		h.length, h.hasLen = n, true
	case is(name, "transfer-encoding"):
		h.coded = true
		last := value[bytes.LastIndexByte(value, ',')+1:]
		h.chunked = is(bytes.Trim(last, " \t"), "chunked")
	case is(name, "connection"):
		for token := range bytes.SplitSeq(value, []byte(",")) {
			token = bytes.Trim(token, " \t")
			h.close = h.close || is(token, "close")
			h.keep = h.keep || is(token, "keep-alive")
		}
	}
}

// fieldValue is the value of the first field with the name lower, in lower case, in a head
// that parseHead has accepted; empty if there is none.
func fieldValue(b []byte, lower string) string {
	_, rest := cutLine(b)
	for len(rest) > 0 {
		var field []byte
		field, rest = cutField(rest)
		if name, value, _ := bytes.Cut(field, []byte(":")); is(name, lower) {
			return string(bytes.Trim(value, " \t"))
		}
	}
	return ""
}

// is compares without regard to ASCII case.
func is(b []byte, lower string) bool {
	return len(b) == len(lower) && bytes.EqualFold(b, []byte(lower))
}

// parseLength reads a Content-Length: digits and nothing else.
func parseLength(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !digit(c) || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// cutLine splits off the first line, without its end.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// cutField splits off the first line with the folded lines that belong to it.
func cutField(b []byte) (field, rest []byte) {
	end := 0
	for {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			return b, nil
		}
		end += i + 1
		if end == len(b) || b[end] != ' ' && b[end] != '\t' {
			field, rest = bytes.TrimSuffix(b[:end-1], []byte("\r")), b[end:]
			break
		}
	}
	for i, c := range field {
		if c == '\n' || c == '\r' && i+1 < len(field) && field[i+1] == '\n' {
			field[i] = ' '
		}
	}
	return field, rest
}

// excerpt quotes the beginning of what a server sent.
func excerpt(b []byte) string {
	printable := bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, b[:min(len(b), 24)])
	return `"` + string(printable) + `"`
}
