package http1

import (
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// request is the bytes of one request, made once for a whole load.
type request struct {
	bytes []byte
	head  int // how many of them are the head
}

// newRequest builds a request. final: it announces by Connection: close that it is the
// last one on its connection.
func newRequest(r *engine.Request, final bool) request {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.Path + " HTTP/1.1\r\nHost: " + r.Host + "\r\n")
	for _, h := range []engine.Header{{Name: "User-Agent", Value: "lameduck"}, {Name: "Accept", Value: "*/*"}} {
		if !r.Has(h.Name) {
			b.WriteString(h.Name + ": " + h.Value + "\r\n")
		}
	}
	if r.Body > 0 || r.Content() {
		b.WriteString("Content-Length: " + strconv.Itoa(r.Body) + "\r\n")
	}
	for _, h := range r.Headers {
		b.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	if final {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	head := b.Len()
	b.WriteString(strings.Repeat("x", r.Body))
	return request{[]byte(b.String()), head}
}
