package lameduck

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/short"
)

// A Kind is the kind of a Work.
type Kind string

// The kinds of Work.
const (
	KindRequest    Kind = "request"
	KindHijacked   Kind = "hijacked connection"
	KindConnection Kind = "connection"  // of AddConn
	KindStream     Kind = "stream"      // of gRPC
	KindGRPCServer Kind = "gRPC server" // its GracefulStop has not returned, and no stream of it is known
	KindWorker     Kind = "worker"
	KindCloser     Kind = "closer"
)

// A Work is something in flight, that has begun and not ended: a termination waits
// for it until the cut.
type Work struct {
	Kind Kind `json:"kind"`
	// Name is the name of a worker or closer. For a request it is the method and, if
	// the server's Handler is an http.ServeMux, the pattern, else the path, never the
	// query. For a hijacked connection it is the name of its request, for a stream the
	// path, and for a connection of AddConn it is empty.
	Name string `json:"name"`
	Peer string `json:"peer,omitempty"` // the client's address

	// Since is when the Work began. It is zero for a request that began before T0:
	// until then no request costs a look at the clock.
	Since time.Time `json:"since,omitzero"`
}

// An item is a Work with its identity, so that it is not counted twice.
type item struct {
	Work
	id any
	on any // the identity of its connection, nil for a task
}

// requests is what is in flight on connections.
func requests(open []*link.Conn) []item {
	var items []link.Item
	for _, c := range open {
		items = c.AppendItems(items)
	}
	all := make([]item, len(items))
	for i, x := range items {
		all[i] = item{Work: Work{Kind: Kind(x.Kind), Name: x.Name, Peer: x.Peer, Since: x.Since}, id: x.ID, on: x.On}
	}
	return all
}

// countRequests is how many items requests would return. It does not compute their
// names, which takes time.
func countRequests(open []*link.Conn) (n int) {
	for _, c := range open {
		n += c.InFlight()
	}
	return n
}

// begun is when w began. If that is not known, it is the last moment at which w can have
// begun: just before T0, or now while serving.
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

// line is w as a line of text.
func (w Work) line(t0, now time.Time) string { return w.title() + w.rest(t0, now) }

// lineOf is the line of n Works with the same title, of which w is the oldest.
func (w Work) lineOf(n int, t0, now time.Time) string {
	if n == 1 {
		return w.line(t0, now)
	}
	return fmt.Sprintf("%d times %s, the oldest%s", n, w.title(), w.rest(t0, now))
}

// title is the kind and the name of w.
func (w Work) title() string {
	switch w.Kind {
	case KindRequest:
		if w.Name == link.StillRead {
			return "a request that is " + w.Name + ","
		}
		return w.Name
	case KindWorker, KindCloser:
		return fmt.Sprintf("%s %q", w.Kind, w.Name)
	}
	return strings.TrimSpace(string(w.Kind) + " " + w.Name)
}

// rest is the address of the client of w, and for how long w has been under way.
func (w Work) rest(t0, now time.Time) (rest string) {
	if w.Peer != "" {
		rest = " from " + w.Peer
	}
	if age := w.age(t0, now); age != "" {
		rest += ", " + age
	}
	return rest
}

// age is for how long w has been under way, "" if that is not known.
func (w Work) age(t0, now time.Time) string {
	switch {
	case !w.Since.IsZero():
		return fmt.Sprintf("for %v", short.Round(now.Sub(w.Since)))
	case !t0.IsZero():
		return fmt.Sprintf("since before T0 (at least %v)", short.Round(now.Sub(t0)))
	}
	return ""
}
