// Package link is the connections of a process: what each of them is doing, how its
// client is asked to leave, and when it may be closed without losing a request. It has
// the listeners and the request path that they come from, and the set of those that are
// open. It knows the termination (package term), and not the Process: what is in
// flight it hands up as plain items.
package link

import (
	"bufio"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// What a connection is doing, as far as closing it is concerned: nil, it is
// idle; one of these; or the request that is handled.
var (
	reading  = new(http.Request) // some byte of a request has come
	hijacked = new(http.Request) // the handler took the connection over, or it never was net/http's
)

// A Conn is one accepted connection. It is in its Process's set until it is
// closed, also when it was hijacked: net/http forgets those.
//
// The reader and the goroutine that closes idle connections meet in two
// atomics. The reader stores what the connection is doing, then looks at
// waking; the closer stores waking, then looks at what it is doing. Whatever
// the order, one of them sees the other, so a request is never taken for
// idleness. Before termination the reader keeps to itself that a request has
// begun: who is woken nonetheless looks at begun, and stays.
type Conn struct {
	net.Conn
	env    *Env
	routes *http.ServeMux // of the server, if that is its Handler
	born   time.Time

	doing   atomic.Pointer[http.Request] // HTTP/1: what it is doing
	h2      atomic.Pointer[h2]           // HTTP/2: the same, and how to say goodbye
	parted  atomic.Bool                  // HTTP/1: a goodbye was put into an answer
	waking  atomic.Bool                  // its Read was woken to look for a request one last time
	quietAt atomic.Int64                 // when, in nanoseconds after born, it last went idle during a termination; 0: never
	readBy  atomic.Int64                 // the read deadline, in nanoseconds after born; 0: none
	note    atomic.Pointer[note]         // what is known of what it is doing, for whoever asks
	addr    atomic.Pointer[string]       // of the client, where RemoteAddr may block; "": it is not known yet
	limit   atomic.Int32                 // what is known of its write deadline
	alone   bool                         // once it is accepted only net/http and handlers set its deadlines; not changed once it is served

	// Of the goroutine that reads, which for HTTP/1 is the one that handles:
	answered  bool                             // the head of the final answer to the request at hand was written
	within1xx bool                             // a part of the head of a 1xx was written
	begun     bool                             // bytes of a request have come since it went idle
	matched   int8                             // bytes of the HTTP/2 preface that have come; negative: it is not that
	mustGreet bool                             // nothing but that is to be spoken
	announced bool                             // it is in the set's list of idle ones; under the lock of that
	held      bool                             // the program may hold what is under it, and not it; under mu
	unlimited bool                             // it has no read deadline, for sure
	room      int32                            // what net/http's empty buffer takes
	arms      int32                            // of read deadlines set since it went idle; before, negative
	counted   atomic.Pointer[term.Termination] // it was counted as a late connection of that one
	undo      func()                           // takes the request at hand out of the late arrivals

	term.Moment
	closed   atomic.Bool // set under mu
	place    int32       // in the closeQueue, counted from 1; 0: it is not there
	deadline sync.Mutex  // held while a wake sets the read deadline, and while it is taken back
}

func newConn(c net.Conn, e *Env) *Conn {
	return &Conn{Conn: c, env: e, born: time.Now(), Moment: term.Moment{Share: term.NewShare()}, room: usualRoom, arms: math.MinInt32}
}

// Read is net/http's, with one addition: woken by a past deadline while the
// connection is idle, it looks at the receive queue once more, and closes
// the connection only if that is empty. Server.Shutdown closes whatever the
// queue holds, and even what it has read (golang/go#65802, #75591).
func (c *Conn) Read(b []byte) (int, error) {
	if c.matched >= 0 || c.h2.Load() != nil {
		return c.readAny(b)
	}
	if !c.begun && len(b) != int(c.room) {
		c.asked(len(b))
	}
	n, err := c.Conn.Read(b)
	if n <= 0 {
		n, err = c.readAgain(c.Conn, b, err)
	}
	if n > 0 && (!c.begun || c.env.State.Current.Load() != nil) {
		c.heard()
	}
	return n, err
}

// readAny is Read while it is not known that the client speaks HTTP/1.
func (c *Conn) readAny(b []byte) (int, error) {
	if h := c.h2.Load(); h != nil {
		return h.read(b)
	}
	n, err := c.readFrom(c.Conn, b)
	if n > 0 {
		c.received(b[:n])
		if c.mustGreet && c.matched < 0 && c.h2.Load() == nil {
			c.Close()
			return 0, io.EOF
		}
	}
	return n, err
}

// readFrom reads from nc, which is c.Conn, or what is under it while that
// cannot be read yet.
func (c *Conn) readFrom(nc net.Conn, b []byte) (int, error) {
	n, err := nc.Read(b)
	if n <= 0 {
		n, err = c.readAgain(nc, b, err)
	}
	return n, err
}

// readAgain goes on where a Read has brought nothing but err: if that is
// because of a wake it takes the last look.
func (c *Conn) readAgain(nc net.Conn, b []byte, err error) (int, error) {
	for n := 0; ; n, err = nc.Read(b) {
		if n > 0 || err == nil || !c.waking.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n, err, settled := c.lastLook(nc, b); settled {
			return n, err
		}
	}
}

// received takes note of what a Read has brought.
func (c *Conn) received(b []byte) {
	if c.matched >= 0 && c.greeted(b) {
		return
	}
	if h := c.h2.Load(); h != nil {
		h.received(b)
	} else {
		c.heard()
	}
}

// usualRoom is what net/http's buffer takes, one of package bufio's own size. A
// connection may never be seen to ask for as much: the first reads, which look
// for HTTP/2, ask for less, and then there is always something in the buffer of
// a client that pipelines.
var usualRoom = int32(bufio.NewReader(nil).Size())

// asked looks at how much net/http's reader asks for while no request has
// begun. If that is less than its empty buffer takes, the buffer holds the begin
// of one: it came with the one before, or while that was being answered. What a
// handler asks for is its own affair.
func (c *Conn) asked(n int) {
	switch n := int32(min(n, math.MaxInt32)); {
	case c.room < n:
		c.room = n
	case n < c.room && c.doing.Load() == nil:
		c.heard()
	}
}

// heard notes that a request has begun.
func (c *Conn) heard() {
	if !c.begun { // else it may be net/http's background read, beside who looks at it
		c.begun = true
	}
	if c.env.State.Current.Load() != nil {
		c.publish()
	}
}

// publish tells the closer what the reader knows.
func (c *Conn) publish() {
	c.doing.CompareAndSwap(nil, reading)
	if c.waking.Load() {
		c.stayAwake()
	}
}

func (c *Conn) stayAwake() {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	c.unwake()
}

// closable reports whether no request has begun on the connection, as far as
// that is known outside of its reader.
func (c *Conn) closable() bool {
	if h := c.h2.Load(); h != nil {
		return !h.busy()
	}
	return c.doing.Load() == nil
}

// halfway reports, to the reader, whether a request has begun of which not
// all has come.
func (c *Conn) halfway() bool {
	if s := c.sock(); s != nil && s.halfway() {
		return true
	}
	if h := c.h2.Load(); h != nil {
		return h.wire.Halfway()
	}
	return c.begun || c.matched > 0
}

// lastLook is the reader's side of wake. settled is false if the connection
// is not to be closed after all, and the reader should read on.
func (c *Conn) lastLook(nc net.Conn, b []byte) (n int, err error, settled bool) {
	if !c.waking.Load() {
		return 0, nil, false
	}
	if !c.closable() || c.halfway() {
		c.stay()
		return 0, nil, false
	}
	n, err = readNow(nc, b) // not under the lock: it may take a while
	switch {
	case n > 0:
		c.stayAwake()
	case err == nil && c.halfway():
		c.stay()
		return 0, nil, false
	case err == nil:
		c.closeIdle()
		err = io.EOF
	}
	return n, err, true
}

// stay takes back a wake that found the begin of a request.
func (c *Conn) stay() {
	if h := c.h2.Load(); h == nil {
		c.doing.CompareAndSwap(nil, reading)
	} else if s := c.sock(); h.wire.Beginning() || s != nil && s.halfway() {
		h.reading.Store(true)
	}
	c.quietNow()
	c.stayAwake()
}

// closeIdle closes the connection. Here, in the reader, the window between
// the look and the FIN is as small as it gets.
func (c *Conn) closeIdle() {
	h := c.h2.Load()
	if h != nil {
		c.Conn.SetWriteDeadline(time.Now().Add(partWithin))
		h.lastGoodbye()
	}
	if c.Close() == nil && (h == nil || !h.wire.Acked()) {
		c.env.Set.ClosedIdle.Add(1)
	}
}

// partWithin is how long a last word may take where the socket is full: as
// long as package tls gives its own.
const partWithin = 5 * time.Second

// WakeAside is wake for a goroutine that must not wait.
func (c *Conn) WakeAside() {
	if isSocket(c.Conn) {
		c.wake()
		return
	}
	go program.Protect(func() error { c.wake(); return nil })
}

// wake makes a blocked Read of a silent connection take its last look.
// If the deadline is being set already, it does nothing: wakes are repeated.
func (c *Conn) wake() {
	if !c.deadline.TryLock() {
		return
	}
	defer c.deadline.Unlock()
	if c.closed.Load() {
		return
	}
	woken := c.waking.Swap(true)
	if c.closable() {
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	} else if !woken { // else its reader is about to take that back
		c.waking.Store(false)
	}
}

// unwake takes a wake back. The deadline that the wake has replaced holds again:
// net/http's timeouts end a client that is slow to send its request.
func (c *Conn) unwake() {
	if c.waking.Swap(false) {
		c.restoreReadDeadline()
	}
}

// quietNow notes, during a termination, that something came just now.
func (c *Conn) quietNow() {
	if c.env.State.Current.Load() != nil {
		c.quietAt.Store(int64(time.Since(c.born)))
	}
}

// dueAt is when a closable connection may be closed: when it was silent for as
// long as a client may take to send its next request.
func (c *Conn) dueAt(d *term.Termination) time.Time {
	quiet := c.born.Add(time.Duration(c.quietAt.Load()))
	if quiet.Before(d.T0) {
		quiet = d.T0 // a termination that was taken back may have left its mark
	}
	if h := c.h2.Load(); h != nil {
		return h.dueAt(d, quiet)
	}
	if c.parted.Load() {
		return d.T0 // the client knows that it must send no more
	}
	return quiet.Add(d.Linger())
}

// late reports whether the connection came after T0.
func (c *Conn) late(d *term.Termination) bool { return c.born.After(d.T0) }

// told reports whether the connection has reached its moment to leave.
func (c *Conn) told(d *term.Termination) bool {
	return c.late(d) || c.env.State.Closing.Load() || !time.Now().Before(d.LeaveAt(c.Share))
}

// Draining returns the channel that is closed at the connection's moment.
func (c *Conn) Draining() <-chan struct{} {
	leave := c.Channel(c.env.State, c.arrange)
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
	wait := time.Until(d.LeaveAt(c.Share))
	if c.late(d) && c.h2.Load() != nil {
		wait = time.Until(d.LeaveAfter(c.born, c.Share))
	}
	if c.env.State.Closing.Load() {
		wait = 0
	}
	c.Schedule(wait, c.AskToLeave)
}

// AskToLeave is the moment: it tells whoever waits for it, and the client if the
// protocol has a word for it.
func (c *Conn) AskToLeave() {
	c.Mu.Lock()
	c.Pass()
	c.Mu.Unlock()
	if h := c.h2.Load(); h != nil {
		h.askToLeave()
	}
}

// LameDuck arranges the connection's moment if somebody waits for it.
func (c *Conn) LameDuck(d *term.Termination) {
	c.Mu.Lock()
	defer c.Mu.Unlock()
	if c.Leave != nil || c.h2.Load() != nil {
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
	c.Pass() // who waits for it is not left waiting
	return true
}

// EndClose closes it. That may take a while: TLS says a goodbye of its own.
func (c *Conn) EndClose() error {
	defer func() {
		c.Mu.Lock()
		defer c.Mu.Unlock()
		c.forget()
	}()
	return c.Conn.Close()
}

// forget takes a closed connection out of the set if no handler is at work on
// it. The caller holds mu.
func (c *Conn) forget() {
	if doing := c.doing.Load(); !c.closed.Load() || doing != nil && doing != hijacked {
		return
	}
	if h := c.h2.Load(); h != nil && !h.forget() {
		return
	}
	c.env.Set.remove(c)
}

// Write is net/http's, and says goodbye: on HTTP/2 between two frames, on
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
	if h.wanted.Load() != 0 {
		h.speakAhead()
	}
	n, err := c.Conn.Write(b)
	h.wrote(b[:n])
	return n, err
}
