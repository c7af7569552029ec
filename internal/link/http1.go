package link

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// What a connection is doing, as far as closing it is concerned: nil, it is
// idle; one of these; or the request that is handled.
var (
	reading  = new(http.Request) // some byte of a request has come
	unknown  = new(http.Request) // idle, or a part of a request is in net/http's buffer: a careful connection
	hijacked = new(http.Request) // the handler took the connection over, or it never was net/http's
)

// http1 is HTTP/1 on a connection, and what is not known to be another protocol yet.
// It is one struct although it has many fields: each has its owner in a comment, and a
// struct for each owner would cost memory that an idle connection has to hold.
type http1 struct {
	base
	doing         atomic.Pointer[http.Request] // what it is doing
	note          atomic.Pointer[note]         // what is known of that, for a Status
	closeSent     atomic.Bool                  // Connection: close was put into an answer
	writeDeadline atomic.Int32                 // what is known of its write deadline
	careful       bool                         // net/http does not behave as assumed; not changed
	hooksUnset    bool                         // once it is accepted only net/http and handlers set its deadlines; not changed once it is served

	// Of the goroutine that reads, which is the one that handles:
	answered       bool  // the head of the final answer to the request at hand was written
	within1xx      bool  // a part of the head of a 1xx was written
	requestBegun   bool  // bytes of a request have come since it went idle
	prefaceMatched int8  // bytes of the HTTP/2 preface that have come; negative: it is not that
	requireHTTP2   bool  // any other protocol is refused
	unlimited      bool  // it has no read deadline, for sure
	bufferSize     int32 // what net/http's empty buffer takes
	deadlinesSet   int16 // of read deadlines set since it went idle; before, negative

	// Of Conn; here they need no memory:
	announced bool // it is in the set's list of idle ones; under the lock of that
	held      bool // the program may hold what is under it, and not it; under Mu
}

// A note is what is known of a request, or of what became of it, and costs too
// much to note for each.
type note struct {
	of    *http.Request // it is about that, or about hijacked
	since time.Time     // of a request after T0
	name  string        // of a hijacked connection
	raw   bool          // it was never net/http's
	undo  func()        // takes it out of the late arrivals, or nil; of the goroutine that handles
}

// noteRequest notes that a request has begun.
func (c *http1) noteRequest() {
	if !c.requestBegun { // else it may be net/http's background read, beside the goroutine that looks at it
		c.requestBegun = true
	}
	if c.state.Current.Load() != nil {
		c.publish()
	}
}

// publish makes the reader's state visible to the closer.
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

// dueAt leaves a client the time to send its next request, unless it knows that it must
// send no more.
func (c *http1) dueAt(d *term.Termination, quiet time.Time) time.Time {
	if c.closeSent.Load() {
		return d.T0
	}
	return quiet.Add(d.Linger())
}

// The client is asked in the head of an answer, see answer.go.
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
	case nil, unknown, hijacked: // not any more
		return to
	case reading:
		x.Name = StillRead
	default:
		x.Name, x.Since = c.nameOf(doing), c.noteOf(doing).since
	}
	return append(to, x)
}

// count is how much is under way.
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

// noteHijacked keeps the name of the request that was hijacked. It is called
// by the handler, to which r.Pattern belongs.
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

// What is known of the write deadline of a connection. Its listener may have set
// one, so the first time that net/http sets it to none is passed on.
const (
	limitUnknown = iota
	limitNone
	limitSet // at some time
)
