package link

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// What a connection is doing, which decides whether it may be closed: nil if it is idle,
// one of these, or the request that a handler is at work on.
var (
	reading  = new(http.Request) // a part of a request has come
	unknown  = new(http.Request) // of a careful connection: it is idle, or a part of a request is in net/http's buffer
	hijacked = new(http.Request) // the handler has taken the connection over, or it never was net/http's
)

// http1 is a connection with HTTP/1, or with a protocol that is not known yet.
// It is one struct although it has many fields: each has its owner in a comment, and a
// struct for each owner would cost memory that an idle connection has to hold.
type http1 struct {
	base
	doing      atomic.Pointer[http.Request] // what it is doing
	note       atomic.Pointer[note]         // what is known of that, for a Status
	closeSent  atomic.Bool                  // Connection: close was put into an answer
	limits     limits                       // what is known of its deadlines
	careful    bool                         // net/http does not behave as assumed, so it is not closed while idle; not changed
	hooksUnset bool                         // the program has no hooks that could set its deadlines: only net/http and handlers do; not changed once it is served

	// Of the goroutine that reads, which also runs the handler:
	answered       bool  // the head of the final answer to the current request was written
	within1xx      bool  // a part of the head of a 1xx was written
	requestBegun   bool  // bytes of a request have come since it went idle
	prefaceMatched int8  // bytes of the HTTP/2 preface that have come; negative: what has come is not the preface, or all of it has
	requireHTTP2   bool  // any other protocol is refused
	unlimited      bool  // it is certain that it has no read deadline
	bufferSize     int32 // bytes that net/http's empty buffer takes
	deadlinesSet   int16 // how many read deadlines were set since it went idle; negative before the first time

	// Of Conn; here they fit into the padding and need no memory:
	announced bool // it is in the set's list of connections that went idle; under the lock of its part
	held      bool // the program may hold the connection under it without holding it; under Mu
}

// A note is what is known of a request after T0, or of a connection that was hijacked. To
// note it for each request would cost too much.
type note struct {
	of    *http.Request // what it is about: a request, or hijacked
	since time.Time     // when a request after T0 came
	name  string        // of a hijacked connection
	raw   bool          // the connection was never net/http's
	undo  func()        // takes the request out of the late arrivals; nil if it is none; of the goroutine that runs the handler
}

// noteRequest notes that a request has begun.
func (c *http1) noteRequest() {
	if !c.requestBegun { // else do not write: this may be net/http's background read, beside the goroutine that owns it
		c.requestBegun = true
	}
	if c.state.Current.Load() != nil {
		c.publish()
	}
}

// publish makes the beginning of a request visible to other goroutines, and clears an
// interrupt that came before they could see it.
func (c *http1) publish() {
	c.markReading()
	if c.interrupted.Load() {
		c.clearInterrupt()
	}
}

func (c *http1) closable() bool   { return c.doing.Load() == nil }
func (c *http1) midRequest() bool { return c.requestBegun || c.prefaceMatched > 0 }
func (c *http1) keep(bool)        { c.markReading() }

// markReading notes that a request has begun, unless a handler is at work.
func (c *http1) markReading() {
	c.doing.CompareAndSwap(nil, reading)
	if c.careful {
		c.doing.CompareAndSwap(unknown, reading)
	}
}

// dueAt leaves the client the time to send its next request, unless it has been sent
// Connection: close.
func (c *http1) dueAt(d *term.Termination, quiet time.Time) time.Time {
	if c.closeSent.Load() {
		return d.T0
	}
	return quiet.Add(d.Linger())
}

// The client is asked to leave in the head of an answer, see answer.go.
func (c *http1) leaveAt(d *term.Termination) time.Time { return d.LeaveAt(c.Share) }
func (c *http1) asks() bool                            { return false }
func (c *http1) leave()                                {}
func (c *http1) finish()                               {}
func (c *http1) confirmed() bool                       { return false }

func (c *http1) release() bool {
	switch c.doing.Load() {
	case nil, unknown, hijacked:
		return true
	}
	return false
}

func (c *http1) excludeFromLate(r *http.Request) {
	if n := c.note.Load(); n != nil && n.of == c.doing.Load() && n.undo != nil {
		n.undo()
		n.undo = nil
	}
}

// inFlight appends the request that is under way, if one is.
func (c *http1) inFlight(to []Item) []Item {
	x := Item{Kind: KindRequest}
	switch doing := c.doing.Load(); doing {
	case nil, unknown, hijacked: // no request is under way any more
		return to
	case reading:
		x.Name = StillRead
	default:
		x.Name, x.Since = c.nameOf(doing), c.noteOf(doing).since
	}
	return append(to, x)
}

// count is how many items inFlight appends.
func (c *http1) count() int {
	switch c.doing.Load() {
	case nil, unknown, hijacked:
		return 0
	}
	return 1
}

// noteOf is what is known of r.
func (c *http1) noteOf(r *http.Request) *note {
	if n := c.note.Load(); n != nil && n.of == r {
		return n
	}
	return new(note)
}

// noteHijacked keeps the name of the request whose handler hijacks the connection. It is
// called in the handler's goroutine, which alone may read r.Pattern.
func (c *http1) noteHijacked(r *http.Request) {
	if r == nil || r == reading || r == unknown || r == hijacked {
		return
	}
	name := c.nameOf(r)
	if r.Pattern != "" {
		name = withMethod(r, r.Pattern)
	}
	c.note.Store(&note{of: hijacked, name: short.Name(name)})
}
