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

// StillRead is the name of a request whose head has not come whole.
const StillRead = "still being read"

// An Item is what a connection hands up of one request, stream or connection of
// another protocol that is in flight on it.
type Item struct {
	Kind, Name, Peer string
	Since            time.Time // zero if it began before T0
	ID               any       // its identity
	On               any       // the same for its connection
}

// withMethod is name, of a pattern that may have a method, with one.
func withMethod(r *http.Request, name string) string {
	if strings.Contains(name, " ") {
		return name
	}
	return r.Method + " " + name
}

// requestName names a request that a handler may be at work on, by what does
// not change meanwhile. ServeMux sets r.Pattern, so the ServeMux is asked instead.
func requestName(r *http.Request, routes *http.ServeMux) string {
	path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
	if u, err := url.ParseRequestURI(path); err == nil && routes != nil {
		_, pattern := routes.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: u})
		path = cmp.Or(pattern, path)
	}
	return short.Name(withMethod(r, path))
}
