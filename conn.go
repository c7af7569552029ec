package lameduck

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What a connection is doing, as far as closing it is concerned: nil, it is
// idle; one of these; or the request that is handled.
var (
	reading  = new(http.Request) // some byte of a request has come
	hijacked = new(http.Request) // the handler took the connection over
)

// A conn is one accepted connection. It is in its Process's set until it is
// closed, also when it was hijacked: net/http forgets those.
//
// The reader and the goroutine that closes idle connections meet in two
// atomics. The reader stores what the connection is doing, then looks at
// waking; the closer stores waking, then looks at what it is doing. Whatever
// the order, one of them sees the other, so a request is never taken for
// idleness.
type conn struct {
	net.Conn
	process *Process
	born    time.Time
	share   float32 // its place in Spread

	doing   atomic.Pointer[http.Request]
	waking  atomic.Bool  // its Read was woken to look for a request one last time
	quietAt atomic.Int64 // when, in nanoseconds after born, it last went idle during a termination; 0: never

	// Of the goroutine that handles its requests:
	room    int    // what net/http's empty buffer takes
	arms    int    // of read deadlines set since it went idle; before, negative
	counted *drain // it was counted as a late connection of that one
	undo    func() // takes the request at hand out of the late arrivals

	mu      sync.Mutex // never taken on the path of a request before the closing phase
	closed  bool
	leave   chan struct{} // Draining; made when first asked for
	leaving *time.Timer
}

func newConn(c net.Conn, p *Process) *conn {
	return &conn{Conn: c, process: p, born: time.Now(), share: rand.Float32(), arms: math.MinInt}
}

// Read is net/http's, with one addition: woken by a past deadline while the
// connection is idle, it looks at the receive queue once more, and closes
// the connection only if that is empty. Server.Shutdown closes whatever the
// queue holds, and even what it has read (golang/go#65802, #75591).
func (c *conn) Read(b []byte) (int, error) {
	c.asked(len(b))
	for {
		n, err := c.Conn.Read(b)
		if n > 0 {
			c.heard()
			return n, err
		}
		if err == nil || !c.waking.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n, err, settled := c.lastLook(b); settled {
			return n, err
		}
	}
}

// asked looks at how much net/http's reader asks for. If that is less than its
// empty buffer takes, the buffer holds the begin of a request: it came with
// the one before, or while that was being answered.
func (c *conn) asked(n int) {
	switch {
	case c.room == 0:
		c.room = n
	case n < c.room && c.closable():
		c.heard()
	}
}

// SetReadDeadline sees the same where the buffer holds whole lines: net/http
// sets one deadline to wait for a request, and a second to read it. If no Read
// came between, what it reads is in its buffer.
func (c *conn) SetReadDeadline(t time.Time) error {
	if c.closable() { // so the caller is net/http
		if c.arms++; c.arms == 2 {
			c.heard()
		}
	}
	return c.Conn.SetReadDeadline(t)
}

func (c *conn) heard() {
	if c.closable() {
		c.doing.Store(reading)
	}
	if c.waking.Load() {
		c.stayAwake()
	}
}

func (c *conn) stayAwake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unwake()
}

// closable reports whether no request has begun on the connection.
func (c *conn) closable() bool { return c.doing.Load() == nil }

// lastLook is the reader's side of wake. settled is false if the connection
// is not to be closed after all, and the reader should read on.
func (c *conn) lastLook(b []byte) (n int, err error, settled bool) {
	if !c.waking.Load() {
		return 0, nil, false
	}
	if !c.closable() {
		c.stayAwake()
		return 0, nil, false
	}
	n, err = readNow(c.Conn, b) // not under the lock: it may take a while
	if n > 0 {
		c.heard()
		return n, nil, true
	}
	if err == nil {
		// Closed here, in the reader, the window between the look and the
		// FIN is as small as it gets.
		if c.Close() == nil {
			c.process.closedIdle.Add(1)
		}
		err = io.EOF
	}
	return 0, err, true
}

// wake makes a blocked Read of a silent connection take its last look.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.waking.Store(true)
	if !c.closable() {
		c.waking.Store(false)
		return
	}
	c.Conn.SetReadDeadline(time.Unix(1, 0))
}

// unwake takes a wake back. From here to the end the cut is the deadline of
// everything, so those of net/http need not be restored.
func (c *conn) unwake() {
	if c.waking.Swap(false) {
		c.Conn.SetReadDeadline(time.Time{})
	}
}

// quietSince is since when nothing has come on a closable connection.
func (c *conn) quietSince(t0 time.Time) time.Time {
	// Not before T0: a termination that was taken back may have left its mark.
	if quiet := c.born.Add(time.Duration(c.quietAt.Load())); quiet.After(t0) {
		return quiet
	}
	return t0
}

// late reports whether the connection came after T0.
func (c *conn) late(d *drain) bool { return c.born.After(d.t0) }

// told reports whether the connection has reached its moment to leave.
func (c *conn) told(d *drain) bool {
	return c.late(d) || c.process.closing.Load() || !time.Now().Before(d.moment(c.share))
}

// draining returns the channel that is closed at the connection's moment.
func (c *conn) draining() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leave == nil {
		c.leave = make(chan struct{})
		if d := c.process.drain.Load(); c.closed {
			close(c.leave)
		} else if d != nil {
			c.arrange(d)
		}
	}
	return c.leave
}

// lameDuck arranges the connection's moment if somebody waits for it.
func (c *conn) lameDuck(d *drain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leave != nil {
		c.arrange(d)
	}
}

func (c *conn) arrange(d *drain) {
	if c.leaving == nil && !c.closed {
		wait := time.Until(d.moment(c.share))
		if c.process.closing.Load() {
			wait = 0
		}
		c.leaving = time.AfterFunc(wait, func() { close(c.leave) })
	}
}

// hurry brings the connection's moment forward to now.
func (c *conn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving != nil && c.leaving.Stop() {
		close(c.leave)
	}
}

// Close closes the connection and takes it out of the Process's set, unless a
// handler is still at work: net/http closes a connection that it cannot write
// to. Then it stays until the handler has returned.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.close()
}

func (c *conn) close() error {
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	if c.leave != nil && (c.leaving == nil || c.leaving.Stop()) {
		close(c.leave) // who waits for it is not left waiting
	}
	err := c.Conn.Close()
	if doing := c.doing.Load(); doing == nil || doing == hijacked {
		c.process.conns.remove(c)
	}
	return err
}

// What follows keeps the abilities of the wrapped connection: half-close for
// net/http's own linger, sendfile and splice, socket options.

// CloseWrite sends a FIN and leaves the other direction open.
func (c *conn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// ReadFrom lets the kernel copy where it can (sendfile, splice).
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// SyscallConn gives access to the socket.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if s, ok := c.Conn.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// NetConn returns the connection as the listener made it, as
// [crypto/tls.Conn.NetConn] does.
func (c *conn) NetConn() net.Conn { return c.Conn }
