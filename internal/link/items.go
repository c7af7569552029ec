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
	Who              any       // its identity
	On               *Conn
}

// A note is what is known of a request, or of what became of it, and costs too
// much to note for each.
type note struct {
	of    *http.Request // it is about that, or about hijacked
	since time.Time     // of a request after T0
	name  string        // of a hijacked connection
	raw   bool          // it was never net/http's
}

// noteHijacked keeps the name of the request that was hijacked. It is called
// by the handler, to which r.Pattern belongs.
func (c *Conn) noteHijacked(r *http.Request) {
	if r == nil || r == reading || r == hijacked {
		return
	}
	name := c.nameOf(r)
	if r.Pattern != "" {
		name = withMethod(r, r.Pattern)
	}
	c.note.Store(&note{of: hijacked, name: short.Name(name)})
}

// AppendItems appends what is in flight on the connection.
func (c *Conn) AppendItems(to []Item) []Item {
	before := len(to)
	if h := c.h2.Load(); h != nil {
		to = h.inFlight(to)
	} else {
		to = c.inFlight(to)
	}
	for i := range to[before:] {
		x := &to[before+i]
		x.On, x.Peer = c, c.Peer()
	}
	return to
}

// inFlight appends what is under way on a connection that is not HTTP/2.
func (c *Conn) inFlight(to []Item) []Item {
	doing := c.doing.Load()
	about := c.note.Load()
	if about == nil || about.of != doing {
		about = &note{}
	}
	x := Item{Kind: KindRequest, Since: about.since, Who: c}
	switch doing {
	case nil:
		return to
	case reading:
		x.Name = StillRead
	case hijacked:
		x.Kind, x.Name, x.Since = kindHijacked, about.name, c.born
		if about.raw {
			x.Kind = kindConnection
		}
	default:
		x.Name = c.nameOf(doing)
	}
	return append(to, x)
}

// nameOf names a request that a handler may be at work on, by what nobody
// changes meanwhile. r.Pattern is not that, ServeMux sets it: so it is asked.
func (c *Conn) nameOf(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
	if u, err := url.ParseRequestURI(path); err == nil && c.routes != nil {
		_, pattern := c.routes.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: u})
		path = cmp.Or(pattern, path)
	}
	return short.Name(withMethod(r, path))
}

// RoutesOf is who can be asked for the patterns of srv's requests.
func RoutesOf(srv *http.Server) *http.ServeMux {
	if srv == nil {
		return nil
	}
	h, _ := srv.Handler.(handler)
	mux, _ := h.next.(*http.ServeMux)
	return mux
}

// withMethod is name, of a pattern that may have a method, with one.
func withMethod(r *http.Request, name string) string {
	if strings.Contains(name, " ") {
		return name
	}
	return r.Method + " " + name
}

// Streams is how many streams of HTTP/2 are open on the connection.
func (c *Conn) Streams() int {
	if h := c.h2.Load(); h != nil {
		return h.wire.Open()
	}
	return 0
}
