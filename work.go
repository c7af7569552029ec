package lameduck

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The kinds of Work.
const (
	kindRequest  = "request"
	kindHijacked = "hijacked connection"
	kindStream   = "stream"
	kindWorker   = "worker"
	kindCloser   = "closer"
)

// stillRead is the name of a request whose head has not come whole.
const stillRead = "still being read"

// A piece is one Work, and who it is: the same one is not counted twice.
type piece struct {
	Work
	who any
}

// inFlight is all that has begun and not ended, on the open connections and
// beside them.
func (p *Process) inFlight(open []*conn) []piece {
	all := requests(open)
	for _, t := range slices.Concat(p.tasks(), p.closers) {
		if since, running := t.since(); running {
			all = append(all, piece{Work{Kind: t.kind, Name: t.name, Since: since}, t})
		}
	}
	return all
}

// requests is what is in flight on connections.
func requests(open []*conn) []piece {
	var all []piece
	for _, c := range open {
		all = c.inFlight(all)
	}
	return all
}

// inFlight appends what is under way on the connection.
func (c *conn) inFlight(to []piece) []piece {
	w := Work{Kind: kindRequest, Peer: c.RemoteAddr().String()}
	if h := c.h2.Load(); h != nil {
		return h.inFlight(w, to)
	}
	switch r := c.doing.Load(); r {
	case nil:
		return to
	case reading:
		w.Name = stillRead
	case hijacked:
		w.Kind, w.Since = kindHijacked, c.born
	default:
		w.Name = requestName(r)
	}
	return append(to, piece{w, c})
}

// requestName names a request that a handler may be at work on, by what
// nobody changes: r.Pattern, which ServeMux sets meanwhile, is asked from the
// mux itself if that is the server's handler.
func requestName(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
	name := path
	if pattern := pattern(r, path); pattern != "" {
		name = pattern
	}
	if strings.Contains(name, " ") {
		return name // the pattern has a method
	}
	return r.Method + " " + name
}

func pattern(r *http.Request, path string) string {
	srv, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	if srv == nil {
		return ""
	}
	h, _ := srv.Handler.(handler)
	mux, _ := h.next.(*http.ServeMux)
	u, err := url.ParseRequestURI(path)
	if mux == nil || err != nil {
		return ""
	}
	_, pattern := mux.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: u})
	return pattern
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
