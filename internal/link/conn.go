// Package link is the connections of a process: what each of them is doing, how its
// client is asked to leave, and when it may be closed without losing a request. It has
// the listeners and the request path that they come from, and the set of those that are
// open. It knows the termination (package term), and not the Process: what is in
// flight it hands up as plain items.
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

// An Env is what the connections of a Process share: all that they know of it.
type Env struct {
	State *term.State
	Set   registry
	Hard  context.Context // ends at the cut
	Log   *slog.Logger

	IsProbe func(*http.Request) bool // the program's; nil if it has none
	Careful bool                     // Check has failed

	notWrapped sync.Once // it was logged that a gRPC server's credentials are not wrapped
}

// isProbe reports whether the program takes r for a probe.
func (e *Env) isProbe(r *http.Request) bool { return e.IsProbe != nil && e.IsProbe(r) }

// A registry is the Set, as a connection knows it.
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
// The reader and the goroutine that closes idle connections synchronize through two
// atomics. The reader stores what the connection is doing, then loads interrupted; the closer
// stores interrupted, then loads what the connection is doing. Whatever the order, one of them
// sees the other, so a request is never taken for idleness. Before termination the reader
// does not publish that a request has begun: a reader that is interrupted anyway sees
// requestBegun, and keeps the connection.
type Conn struct {
	http1
	env   *Env
	h2    atomic.Pointer[h2] // nil if it is another protocol
	index int32              // in the group of the set that it is in; under the lock of that
	place int32              // in the CloseQueue, counted from 1; 0: it is not there
}

func newConn(c net.Conn, e *Env) *Conn {
	conn := &Conn{env: e, http1: http1{careful: e.Careful, bufferSize: defaultBufferSize, deadlinesSet: math.MinInt16,
		base: base{Conn: c, state: e.State, Moment: term.Moment{Share: term.NewShare()}}}}
	conn.born = conn.now()
	return conn
}

// protocol is the protocol of the connection. Read, Write and the deadlines, which each
// request needs, look themselves.
func (c *Conn) protocol() protocol {
	if h := c.h2.Load(); h != nil {
		return h
	}
	if c.doing.Load() == hijacked {
		return raw{&c.http1}
	}
	return &c.http1
}

// Read is net/http's, with one addition: interrupted by a past deadline while the
// connection is idle, it polls the receive queue once more, and closes
// the connection only if that is empty. Server.Shutdown closes whatever the
// queue holds, and even what it has read (golang/go#65802, #75591).
func (c *Conn) Read(b []byte) (int, error) {
	if c.prefaceMatched >= 0 || c.h2.Load() != nil {
		return c.readAny(b)
	}
	if !c.requestBegun && len(b) != int(c.bufferSize) {
		c.noteReadSize(len(b))
	}
	n, err := c.Conn.Read(b)
	if n <= 0 {
		n, err = c.readAgain(c, c.Conn, b, err)
	}
	if n > 0 && (!c.requestBegun || c.state.Current.Load() != nil) {
		c.noteRequest()
	}
	return n, err
}

// readAny is Read while it is not known that the client uses HTTP/1.
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

// received takes note of what a Read has brought.
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

// matchPreface matches b, the next bytes of the connection, with the preface of
// HTTP/2. It returns false as soon as they are something else.
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

// notPreface notes that the client sends b instead. It returns true if that is the end
// of the connection.
func (c *Conn) notPreface(b []byte) bool {
	begins := c.prefaceMatched == 0
	c.prefaceMatched = -1
	h := c.h2.Load()
	if h == nil {
		return false
	}
	if h.over != nil {
		c.Close() // what is below the encryption must not be read or written
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
	c.announce() // it is idle now, and was not while that was not known
}

// closable reports whether no request has begun on the connection, as far as
// that is known outside of its reader.
func (c *Conn) closable() bool { return c.protocol().closable() }

// midRequest reports, to the reader, whether a request has begun of which not
// all has come.
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

// closeIdle closes the connection. Here, in the reader, the window between
// the poll and the FIN is as small as it gets.
func (c *Conn) closeIdle() {
	p := c.protocol()
	p.finish()
	if c.Close() == nil && !p.confirmed() {
		c.env.Set.countIdle()
	}
}

// failed writes to the log that the program's connection has panicked.
func (c *Conn) failed(err error) {
	program.LogPanic(c.env.Log, "a method of a connection panicked", err, "from", c.Peer())
}

// Interrupt is interruptRead for a goroutine that must not wait.
func (c *Conn) Interrupt() {
	if isSocket(c.Conn) {
		c.interruptRead()
		return
	}
	go program.Protect(func() error { c.interruptRead(); return nil })
}

// interruptRead makes a blocked Read of a silent connection poll one last time.
// If the deadline is being set already, it does nothing: interrupts are repeated.
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
	} else if !before { // else its reader is about to take that back
		c.interrupted.Store(false)
	}
}

// dueAt is when a closable connection may be closed: when it was silent for as
// long as a client may take to send its next request.
func (c *Conn) dueAt(d *term.Termination) time.Time {
	return c.protocol().dueAt(d, c.silentSince(d))
}

// Draining returns the channel that is closed at the connection's moment.
func (c *Conn) Draining() <-chan struct{} {
	leave := c.Channel(c.state, c.arrange)
	if c.doing.Load() == hijacked {
		c.env.Set.leaves(c, leave)
	}
	return leave
}

// hold is called when the program is given what is under c.
func (c *Conn) hold() {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.held = true
	c.env.Set.hold(c)
}

// arrange has the moment come. The caller holds mu.
func (c *Conn) arrange(d *term.Termination) {
	wait := time.Until(c.protocol().leaveAt(d))
	if c.state.Closing.Load() {
		wait = 0
	}
	c.Schedule(c.state, wait, c)
}

// Due is the moment, if that has not come before.
func (c *Conn) Due() {
	if !c.HasPassed() {
		c.AskToLeave()
	}
}

// AskToLeave is the moment: it ends what waits for it, and asks the client if the
// protocol has a frame for that.
func (c *Conn) AskToLeave() {
	c.Mu.Lock()
	c.Pass()
	c.Mu.Unlock()
	c.protocol().leave()
}

// LameDuck arranges the connection's moment if a handler waits for it.
func (c *Conn) LameDuck(d *term.Termination) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.Leave != nil || c.protocol().asks() {
		c.arrange(d)
	}
}

// Close closes the connection and takes it out of the Process's set, unless a
// handler is still at work: net/http closes a connection that it cannot write
// to. Then it stays until the handler has returned.
func (c *Conn) Close() error {
	if !c.BeginClose() {
		return net.ErrClosed
	}
	return c.EndClose()
}

// BeginClose returns false if it is closed already, or is being.
func (c *Conn) BeginClose() bool {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.closed.Swap(true) {
		return false
	}
	c.Pass() // a handler that waits for it goes on
	return true
}

// EndClose closes it. That may take a while: TLS sends close_notify.
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

// forget takes a closed connection out of the set if no handler is at work on
// it. The caller holds mu.
func (c *Conn) forget() {
	if c.closed.Load() && c.http1.release() && c.protocol().release() {
		c.env.Set.remove(c)
	}
}

// announce and reopen are for the HTTP/2 side, which knows no set.
func (c *Conn) announce() { c.env.Set.announce(c) }
func (c *Conn) reopen()   { c.env.Set.add(c) }

// Write is net/http's, and asks the client to leave: on HTTP/2 between two frames, on
// HTTP/1 in the head of an answer. For each frame of HTTP/2 net/http has a new
// goroutine, whose stack would have to grow if this took much of it.
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

// InFlight is how much AppendItems appends, which names all of it.
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

// handled is called when the last handler of an HTTP/2 connection has ended. If
// that is closed meanwhile, what closes it sees that there is none.
func (c *Conn) handled() {
	if !c.closed.Load() {
		return
	}
	c.Mu.Lock()
	defer c.Mu.Unlock()
	c.forget()
}
