package lameduck

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The kinds of Work.
const (
	kindRequest    = "request"
	kindHijacked   = "hijacked connection"
	kindConnection = "connection"
	kindStream     = "stream"
	kindGRPC       = "gRPC server"
	kindWorker     = "worker"
	kindCloser     = "closer"
)

// stillRead is the name of a request whose head has not come whole.
const stillRead = "still being read"

// A piece is one Work, and its identity: the same one is not counted twice.
type piece struct {
	Work
	who any
	on  any // its connection, nil for a task
}

// An item is what a connection hands up of one request, stream or connection of
// another protocol that is in flight on it.
type item struct {
	kind, name, peer string
	since            time.Time // zero if it began before T0
	who              any       // its identity
	on               *conn
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
func (c *conn) noteHijacked(r *http.Request) {
	if r == nil || r == reading || r == hijacked {
		return
	}
	name := c.nameOf(r)
	if r.Pattern != "" {
		name = withMethod(r, r.Pattern)
	}
	c.note.Store(&note{of: hijacked, name: shorten(name)})
}

// inFlight is all that has begun and not ended, on the open connections and
// beside them. A gRPC server waits for its streams: it is only something of
// its own if there are none.
func (p *Process) inFlight(open []*conn) []piece {
	all := requests(open)
	streams := slices.ContainsFunc(all, func(x piece) bool { return x.Kind == kindStream })
	for _, t := range slices.Concat(p.tasks(), p.closers) {
		if since, running := t.since(); running && !(streams && t.kind == kindGRPC) {
			all = append(all, piece{Work: Work{Kind: t.kind, Name: t.name, Since: since}, who: t})
		}
	}
	return all
}

// requests is what is in flight on connections.
func requests(open []*conn) []piece {
	var items []item
	for _, c := range open {
		items = c.appendItems(items)
	}
	all := make([]piece, len(items))
	for i, x := range items {
		all[i] = piece{Work: Work{Kind: x.kind, Name: x.name, Peer: x.peer, Since: x.since}, who: x.who, on: x.on}
	}
	return all
}

// appendItems appends what is in flight on the connection.
func (c *conn) appendItems(to []item) []item {
	before := len(to)
	if h := c.h2.Load(); h != nil {
		to = h.inFlight(to)
	} else {
		to = c.inFlight(to)
	}
	for i := range to[before:] {
		x := &to[before+i]
		x.on, x.peer = c, c.peer()
	}
	return to
}

// inFlight appends what is under way on a connection that is not HTTP/2.
func (c *conn) inFlight(to []item) []item {
	doing := c.doing.Load()
	about := c.note.Load()
	if about == nil || about.of != doing {
		about = &note{}
	}
	x := item{kind: kindRequest, since: about.since, who: c}
	switch doing {
	case nil:
		return to
	case reading:
		x.name = stillRead
	case hijacked:
		x.kind, x.name, x.since = kindHijacked, about.name, c.born
		if about.raw {
			x.kind = kindConnection
		}
	default:
		x.name = c.nameOf(doing)
	}
	return append(to, x)
}

// nameOf names a request that a handler may be at work on, by what nobody
// changes meanwhile. r.Pattern is not that, ServeMux sets it: so it is asked.
func (c *conn) nameOf(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
	if u, err := url.ParseRequestURI(path); err == nil && c.routes != nil {
		_, pattern := c.routes.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: u})
		path = cmp.Or(pattern, path)
	}
	return shorten(withMethod(r, path))
}

// routesOf is who can be asked for the patterns of srv's requests.
func routesOf(srv *http.Server) *http.ServeMux {
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

// begun is when w began, or what it certainly began before: T0, and while
// serving now.
func (w Work) begun(t0 time.Time) time.Time {
	switch {
	case !w.Since.IsZero():
		return w.Since
	case !t0.IsZero():
		return t0.Add(-1)
	}
	return time.Now()
}

// sortWork sorts the oldest to the front.
func sortWork(all []Work, t0 time.Time) {
	slices.SortStableFunc(all, func(a, b Work) int { return a.begun(t0).Compare(b.begun(t0)) })
}

// line is w for people.
func (w Work) line(t0, now time.Time) string { return w.title() + w.rest(t0, now) }

// lineOf is the line of n of them, of which w is the oldest.
func (w Work) lineOf(n int, t0, now time.Time) string {
	if n == 1 {
		return w.line(t0, now)
	}
	return fmt.Sprintf("%d times %s, the oldest%s", n, w.title(), w.rest(t0, now))
}

// title is what w is, without whose it is.
func (w Work) title() string {
	switch w.Kind {
	case kindRequest:
		if w.Name == stillRead {
			return "a request that is " + w.Name + ","
		}
		return w.Name
	case kindWorker, kindCloser:
		return fmt.Sprintf("%s %q", w.Kind, w.Name)
	}
	return strings.TrimSpace(w.Kind + " " + w.Name)
}

// rest is whose it is, and its age.
func (w Work) rest(t0, now time.Time) (rest string) {
	if w.Peer != "" {
		rest = " from " + w.Peer
	}
	if age := w.age(t0, now); age != "" {
		rest += ", " + age
	}
	return rest
}

// age says for how long w has been under way, "" if nothing is known.
func (w Work) age(t0, now time.Time) string {
	switch {
	case !w.Since.IsZero():
		return fmt.Sprintf("for %v", round(now.Sub(w.Since)))
	case !t0.IsZero():
		return fmt.Sprintf("since before T0 (at least %v)", round(now.Sub(t0)))
	}
	return ""
}
