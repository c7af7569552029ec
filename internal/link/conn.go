// Package link is the connections of a process: what each of them is doing, how its
// client is asked to leave, and when it may be closed without losing a request. It has
// the listeners that connections come from, the path of their requests, and the set of
// open connections. It knows the termination (package term), and not the Process, to
// which it reports what is in flight as plain Items.
package link

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// An Env is what the connections of a Process share, and all that they know of the
// Process.
type Env struct {
	State *term.State
	Set   registry
	Hard  context.Context // ends at the cut
	Log   *slog.Logger

	IsProbe func(*http.Request) bool // the program's; nil if it has none
	Careful bool                     // Check has failed

	notWrapped sync.Once // done when it was logged that a gRPC server's credentials are not wrapped
}

// isProbe reports whether the program takes r for a probe.
func (e *Env) isProbe(r *http.Request) bool { return e.IsProbe != nil && e.IsProbe(r) }

// A registry is what a connection knows of the Set, which knows connections.
type registry interface {
	add(*Conn)
	remove(*Conn)
	announce(*Conn)
	take(c *Conn, alone bool, leave chan struct{})
	leaves(c *Conn, leave chan struct{})
	hold(*Conn)
	countIdle()
}

// A Conn is one accepted connection. It is in its Process's set until it is
// closed, also when it was hijacked: net/http forgets those.
//
// Two goroutines synchronize through two atomics, doing and interrupted: the reader, which
// reads the connection, and the goroutine of the termination, which interrupts idle ones.
// The reader stores doing, then loads interrupted; the other stores interrupted, then loads
// doing. Whatever the order, one of them sees what the other has stored, so a connection
// with a request is never taken for idle. Before termination the reader does not store
// that a request has begun; if it is interrupted nevertheless, it sees its own
// requestBegun, and keeps the connection.
type Conn struct {
	http1
	env   *Env
	h2    atomic.Pointer[h2] // nil if it is another protocol
	index int32              // its index in its group of the set; under the lock of the set's part
	place int32              // its place in the CloseQueue, counted from 1; 0: it is not there
}

func newConn(c net.Conn, e *Env) *Conn {
	conn := &Conn{env: e, http1: http1{careful: e.Careful, bufferSize: defaultBufferSize, deadlinesSet: math.MinInt16,
		base: base{Conn: c, state: e.State, Moment: term.Moment{Share: term.NewShare()}}}}
	conn.born = conn.now()
	return conn
}

// protocol is the protocol of the connection. Read, Write and the deadlines, which every
// request needs, do not use it, because a call through an interface is slower.
func (c *Conn) protocol() protocol {
	if h := c.h2.Load(); h != nil {
		return h
	}
	if c.doing.Load() == hijacked {
		return raw{&c.http1}
	}
	return &c.http1
}

// Read is called by net/http. If it is interrupted by a past deadline while the connection
// is idle, it polls the receive queue once more, and closes the connection only if the
// queue is empty. Server.Shutdown closes connections although their queue holds a request,
// or net/http has read a part of one (golang/go#65802, #75591).
func (c *Conn) Read(b []byte) (int, error) {
	if c.prefaceMatched >= 0 || c.h2.Load() != nil {
		return c.readAny(b)
	}
	if !c.requestBegun && len(b) != int(c.bufferSize) {
		c.noteReadSize(len(b))
	}
	n, err := c.Conn.Read(b)
	if n <= 0 && c.interrupted.Load() {
		n, err = c.readAgain(c, c.Conn, b, err)
	}
	if n > 0 && (!c.requestBegun || c.state.Current.Load() != nil) {
		c.noteRequest()
	}
	return n, err
}

// readAny is Read of HTTP/2, and while it is not known that the client uses HTTP/1.
func (c *Conn) readAny(b []byte) (int, error) {
	if h := c.h2.Load(); h != nil {
		return h.read(b)
	}
	n, err := c.readFrom(c, c.Conn, b)
	if n > 0 {
		c.received(b[:n])
		if c.requireHTTP2 && c.prefaceMatched < 0 && c.h2.Load() == nil {
			c.Close()
			return 0, io.EOF
		}
	}
	return n, err
}

// received follows the bytes that a Read has returned.
func (c *Conn) received(b []byte) {
	if c.prefaceMatched >= 0 && c.matchPreface(b) {
		return
	}
	if h := c.h2.Load(); h != nil {
		h.received(b)
	} else {
		c.noteRequest()
	}
}

// matchPreface compares b, the next bytes of the connection, with the preface of HTTP/2.
// It returns false if they are something else, which the caller then follows.
func (c *Conn) matchPreface(b []byte) bool {
	n := min(len(b), len(wire.Preface)-int(c.prefaceMatched))
	if string(b[:n]) != wire.Preface[c.prefaceMatched:int(c.prefaceMatched)+n] {
		return c.notPreface(b)
	}
	if c.prefaceMatched += int8(n); int(c.prefaceMatched) < len(wire.Preface) {
		return true
	}
	c.prefaceMatched = -1
	if c.h2.Load() == nil {
		c.startHTTP2(newH2(&c.base, c).ofNetHTTP())
	}
	if len(b) > n {
		c.h2.Load().received(b[n:])
	}
	return true
}

// notPreface notes that the client sends b instead of the preface. It returns true if it
// has closed the connection because of that.
func (c *Conn) notPreface(b []byte) bool {
	begins := c.prefaceMatched == 0
	c.prefaceMatched = -1
	h := c.h2.Load()
	if h == nil {
		return false
	}
	if h.over != nil {
		c.Close() // without HTTP/2 we would read and write the connection below the encryption
		return true
	}
	c.h2.Store(nil)
	if begins && b[0] == handshakeRecord {
		c.env.notWrapped.Do(func() {
			c.env.Log.Warn("a client of a gRPC server uses TLS, which the server's credentials may terminate above lameduck: then its clients are asked to leave only when the lame duck is over. " +
				"Wrap them in Credentials of github.com/lameduck-dev/lameduck/grpc")
		})
	}
	return false
}

// startHTTP2 makes c an HTTP/2 connection, before the server writes.
func (c *Conn) startHTTP2(h *h2) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.h2.Store(h)
	d := c.state.Current.Load()
	switch {
	case d == nil:
	case c.Passed: // its moment has come before its protocol was known
		h.leave()
	default:
		c.arrange(d)
	}
	c.announce() // as HTTP/2 it may be idle, which was not known before
}

// closable reports whether no request has begun on the connection, as far as that is
// known outside of the reader.
func (c *Conn) closable() bool { return c.protocol().closable() }

// midRequest reports, to the reader, whether a part of a request has come and the rest
// has not.
func (c *Conn) midRequest() bool { return c.midRecord() || c.protocol().midRequest() }

func (c *Conn) midRecord() bool {
	if h := c.h2.Load(); h != nil && h.over != nil {
		return h.over.midRecord()
	}
	s := c.records()
	return s != nil && s.midRecord()
}

// keep clears an interrupt that found the first bytes of a request.
func (c *Conn) keep() {
	c.protocol().keep(c.midRecord())
	c.noteActivity()
	c.clearInterrupt()
}

// closeIdle closes the connection. The reader calls it right after the poll, so that as
// little time as possible is left for a request to come between the poll and the FIN.
func (c *Conn) closeIdle() {
	p := c.protocol()
	p.finish()
	if c.Close() == nil && !p.confirmed() {
		c.env.Set.countIdle()
	}
}

// failed logs that a method of the program's connection has panicked.
func (c *Conn) failed(err error) {
	program.LogPanic(c.env.Log, "a method of a connection panicked", err, "from", c.Peer())
}

// Interrupt is interruptRead for a goroutine that must not block.
func (c *Conn) Interrupt() {
	if isSocket(c.Conn) {
		c.interruptRead()
		return
	}
	go program.Protect(func() error { c.interruptRead(); return nil })
}

// interruptRead has the Read of an idle connection poll one last time. If another
// goroutine is setting the deadline, it does nothing: interrupts are repeated.
func (c *Conn) interruptRead() {
	if !c.deadline.TryLock() {
		return
	}
	defer c.deadline.Unlock()
	if c.closed.Load() {
		return
	}
	before := c.interrupted.Swap(true)
	if c.closable() {
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	} else if !before { // if it was interrupted before, its reader is about to clear that
		c.interrupted.Store(false)
	}
}

// dueAt is when a closable connection may be closed: when nothing has come for as long as
// a client may take to send its next request.
func (c *Conn) dueAt(d *term.Termination) time.Time {
	return c.protocol().dueAt(d, c.silentSince(d))
}

// Draining returns the channel that is closed at the connection's moment to leave.
func (c *Conn) Draining() <-chan struct{} {
	leave := c.Channel(c.state, c.arrange)
	if c.doing.Load() == hijacked {
		c.env.Set.leaves(c, leave)
	}
	return leave
}

// hold is called when the program is given the connection under c: c must stay in the set
// although the program may hold no reference to it.
func (c *Conn) hold() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.held = true
	c.env.Set.hold(c)
}

// arrange schedules the moment to leave. The caller holds Mu.
func (c *Conn) arrange(d *term.Termination) {
	wait := time.Until(c.protocol().leaveAt(d))
	if c.state.Finishing.Load() {
		wait = 0
	}
	c.Schedule(c.state, wait, c)
}

// Due is called by the Agenda at the moment to leave.
func (c *Conn) Due() {
	if !c.HasPassed() {
		c.AskToLeave()
	}
}

// AskToLeave closes the channel of Draining, and asks the client to leave if the protocol
// has a frame for that.
func (c *Conn) AskToLeave() {
	c.Mu.Lock()
	c.Pass()
	c.Mu.Unlock()
	c.protocol().leave()
}

// LameDuck schedules the moment to leave, if a handler waits for it or the protocol has a
// frame for it. It is called at T0.
func (c *Conn) LameDuck(d *term.Termination) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.Leave != nil || c.protocol().asks() {
		c.arrange(d)
	}
}

// Close closes the connection and takes it out of the Process's set. If a handler is
// still at work, as when net/http closes a connection that it cannot write to, the
// connection stays in the set until the handler has returned.
func (c *Conn) Close() error {
	if !c.BeginClose() {
		return net.ErrClosed
	}
	return c.EndClose()
}

// BeginClose is the part of Close that does not block. It returns false if the connection
// is closed, or another goroutine is closing it; after true EndClose must follow.
func (c *Conn) BeginClose() bool {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.closed.Swap(true) {
		return false
	}
	c.Pass() // a handler that waits for Draining goes on
	return true
}

// EndClose is the rest of Close. It may block: TLS sends close_notify.
func (c *Conn) EndClose() error {
	defer func() {
		c.Mu.Lock()
		defer c.Mu.Unlock()
		c.forget()
	}()
	if h := c.h2.Load(); h != nil {
		return h.top().Close()
	}
	return c.Conn.Close()
}

// forget takes a closed connection out of the set, if no handler is at work on it. The
// caller holds Mu.
func (c *Conn) forget() {
	if c.closed.Load() && c.http1.release() && c.protocol().release() {
		c.env.Set.remove(c)
	}
}

// announce and reopen are also for the HTTP/2 side, which does not know the set.
func (c *Conn) announce() { c.env.Set.announce(c) }
func (c *Conn) reopen()   { c.env.Set.add(c) }

// Write is called by net/http and grpc-go. It asks the client to leave: on HTTP/2 by a
// frame between theirs, on HTTP/1 in the head of an answer. It must need little stack:
// net/http starts a goroutine for each frame of HTTP/2, whose stack would have to grow.
func (c *Conn) Write(b []byte) (int, error) {
	h := c.h2.Load()
	if h == nil {
		n, err := c.writeAnswer(b)
		runtime.KeepAlive(c) // a Write may take long, and the program may have no other reference
		return n, err
	}
	h.writing.lock()
	if h.goAwayWanted.Load() != 0 {
		h.flushAhead()
	}
	n, err := h.top().Write(b)
	h.wrote(b[:n])
	return n, err
}

// InFlight is how many items AppendItems would append. It does not compute their names,
// which takes time.
func (c *Conn) InFlight() int { return c.protocol().count() }

// AppendItems appends what is in flight on the connection.
func (c *Conn) AppendItems(to []Item) []Item {
	before := len(to)
	p := c.protocol()
	to = p.inFlight(to)
	if now := c.protocol(); now != p && len(to) == before {
		to = now.inFlight(to) // it was taken over meanwhile
	}
	for i := range to[before:] {
		x := &to[before+i]
		x.On, x.Peer = c, c.Peer()
		if x.ID == nil {
			x.ID = c
		}
	}
	return to
}

// Streams is how many streams of HTTP/2 are open on the connection.
func (c *Conn) Streams() int {
	if h := c.h2.Load(); h != nil {
		return h.wire.Open()
	}
	return 0
}

// handled is called when the last handler of an HTTP/2 connection has ended. If the
// connection is closed only now, Close itself sees that no handler is left.
func (c *Conn) handled() {
	if !c.closed.Load() {
		return
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.forget()
}
