package link

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// A protocol is what a connection speaks, as far as the end of it is concerned. What
// every request needs is not here: that is called directly.
type protocol interface {
	// closable reports whether no request has begun, as far as that is known outside
	// of the goroutine that reads.
	closable() bool
	// dueAt is when a closable connection may be closed, on which nothing has come since
	// quiet.
	dueAt(d *term.Termination, quiet time.Time) time.Time

	// midRequest reports, to the reader, whether a request has begun of which not all has
	// come. keep notes that one has; record: a part of a TLS record has come.
	midRequest() bool
	keep(record bool)

	// leaveAt is when the client is to be asked to leave. asks reports whether it can be
	// asked without a request, as leave does.
	leaveAt(d *term.Termination) time.Time
	asks() bool
	leave()
	// finish tells the client that the connection is about to be closed; confirmed
	// reports whether the client has confirmed before that it expects that.
	finish()
	confirmed() bool
	// release is called when the connection has been closed. It returns false if a
	// handler is still at work.
	release() bool

	// inFlight appends what is under way, count is how much that is, and excludeFromLate takes a request out of the
	// late arrivals.
	inFlight(to []Item) []Item
	count() int
	excludeFromLate(r *http.Request)
}

// A looked is a connection whose reader was woken to look at it one last time.
type looked interface {
	closable() bool
	midRequest() bool
	keep()            // takes back a wake that found the first bytes of a request
	closeIdle()       // closes it
	failed(err error) // notes a panic of the program's connection
}

// readFrom reads from nc, which is c.Conn, or what is under it while that
// cannot be read yet.
func (c *base) readFrom(of looked, nc net.Conn, b []byte) (int, error) {
	n, err := nc.Read(b)
	if n <= 0 {
		n, err = c.readAgain(of, nc, b, err)
	}
	return n, err
}

// readAgain goes on where a Read has brought nothing but err: if that is
// because of a wake it takes the last look.
func (c *base) readAgain(of looked, nc net.Conn, b []byte, err error) (int, error) {
	for n := 0; ; n, err = nc.Read(b) {
		if n > 0 || err == nil || !c.waking.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n, err, settled := c.protectedLook(of, nc, b); settled {
			return n, err
		}
	}
}

// protectedLook is lastLook. A panic is an error: bare net/http makes none of these
// calls, and the goroutine that reads HTTP/2 recovers nothing.
func (c *base) protectedLook(of looked, nc net.Conn, b []byte) (n int, err error, settled bool) {
	panicked := program.Protect(func() error {
		n, err, settled = c.lastLook(of, nc, b)
		return nil
	})
	if panicked != nil {
		of.failed(panicked)
		return 0, errLook, true
	}
	return n, err, settled
}

var errLook = errors.New("a method of the connection panicked")

// lastLook is the reader's side of wake. settled is false if the connection
// is not to be closed after all, and the reader should read on.
func (c *base) lastLook(of looked, nc net.Conn, b []byte) (n int, err error, settled bool) {
	if !c.waking.Load() {
		return 0, nil, false
	}
	if !of.closable() || of.midRequest() {
		of.keep()
		return 0, nil, false
	}
	n, err = lookNow(nc, b) // not under the lock: it may take a while
	switch {
	case n > 0:
		c.cancelWake()
	case err == nil && of.midRequest():
		of.keep()
		return 0, nil, false
	case err == nil:
		of.closeIdle()
		err = io.EOF
	}
	return n, err, true
}
