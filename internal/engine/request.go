package engine

import (
	"slices"
	"strings"
)

// Request is what a client asks for, in the terms of HTTP.
type Request struct {
	Method  string
	Path    string // with the query, if any
	Host    string
	Headers []Header // more header fields, in this order
	Body    int      // bytes of content
}

// Header is one field of a request.
type Header struct{ Name, Value string }

// Has reports whether Headers has a field of that name.
func (r *Request) Has(name string) bool {
	return slices.ContainsFunc(r.Headers, func(h Header) bool { return strings.EqualFold(h.Name, name) })
}

// Idempotent reports whether a client may send the request twice, by its method (RFC 9110
// section 9.2.2).
func (r *Request) Idempotent() bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}, r.Method)
}

// Content reports whether the method gives content a meaning, so that its
// length has to be sent even if it is 0 (RFC 9110 section 8.6).
func (r *Request) Content() bool { return slices.Contains([]string{"POST", "PUT", "PATCH"}, r.Method) }
