package link

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck/internal/program"
)

// A polled is a connection whose reader was interrupted, to poll it one last time.
type polled interface {
	closable() bool
	midRequest() bool
	keep()            // clears an interrupt that found the first bytes of a request
	closeIdle()       // closes it
	failed(err error) // notes a panic of the program's connection
}

// readFrom reads from nc, which is c.Conn, or what is under it while that
// cannot be read yet.
func (c *base) readFrom(of polled, nc net.Conn, b []byte) (int, error) {
	n, err := nc.Read(b)
	if n <= 0 {
		n, err = c.readAgain(of, nc, b, err)
	}
	return n, err
}

// readAgain goes on where a Read has brought nothing but err: if that is
// because of an interrupt it polls.
func (c *base) readAgain(of polled, nc net.Conn, b []byte, err error) (int, error) {
	for n := 0; ; n, err = nc.Read(b) {
		if n > 0 || err == nil || !c.interrupted.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if n, err, settled := c.protectedPoll(of, nc, b); settled {
			return n, err
		}
	}
}

// protectedPoll is finalPoll. A panic is an error: bare net/http makes none of these
// calls, and the goroutine that reads HTTP/2 recovers nothing.
func (c *base) protectedPoll(of polled, nc net.Conn, b []byte) (n int, err error, settled bool) {
	panicked := program.Protect(func() error {
		n, err, settled = c.finalPoll(of, nc, b)
		return nil
	})
	if panicked != nil {
		of.failed(panicked)
		return 0, errPoll, true
	}
	return n, err, settled
}

var errPoll = errors.New("a method of the connection panicked")

// finalPoll is the reader's side of interruptRead. settled is false if the connection
// is not to be closed after all, and the reader should read on.
func (c *base) finalPoll(of polled, nc net.Conn, b []byte) (n int, err error, settled bool) {
	if !c.interrupted.Load() {
		return 0, nil, false
	}
	if !of.closable() || of.midRequest() {
		of.keep()
		return 0, nil, false
	}
	n, err = pollNow(nc, b) // not under the lock: it may take a while
	switch {
	case n > 0:
		c.clearInterrupt()
	case err == nil && of.midRequest():
		of.keep()
		return 0, nil, false
	case err == nil:
		of.closeIdle()
		err = io.EOF
	}
	return n, err, true
}
