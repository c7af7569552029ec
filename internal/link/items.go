package link

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/internal/short"
)

// The kinds of what is in flight on a connection.
const (
	KindRequest    = "request"
	kindHijacked   = "hijacked connection"
	kindConnection = "connection"
	KindStream     = "stream"
)

// StillRead is the name of a request of whose head only a part has come.
const StillRead = "still being read"

// An Item is what a connection reports of something in flight on it: a request, a stream,
// or the connection itself.
type Item struct {
	Kind, Name, Peer string
	Since            time.Time // zero if it began before T0
	ID               any       // its identity
	On               any       // the identity of its connection
}

// withMethod returns name, a path or a pattern, with the method of r before it, unless it
// is a pattern that has a method.
func withMethod(r *http.Request, name string) string {
	if strings.Contains(name, " ") {
		return name
	}
	return r.Method + " " + name
}

// requestName names a request that a handler may be at work on. It reads only fields that
// do not change meanwhile: not r.Pattern, which the ServeMux sets, so it asks the ServeMux
// for the pattern.
func requestName(r *http.Request, routes *http.ServeMux) string {
	path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
	if u, err := url.ParseRequestURI(path); err == nil && routes != nil {
		_, pattern := routes.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: u})
		path = cmp.Or(pattern, path)
	}
	return short.Name(withMethod(r, path))
}
