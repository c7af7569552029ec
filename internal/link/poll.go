package link

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck/internal/program"
)

// A polled is a connection whose reader may be interrupted, so that it polls for a request
// one last time before the connection is closed.
type polled interface {
	closable() bool
	midRequest() bool
	keep()            // clears an interrupt that found the first bytes of a request
	closeIdle()       // closes it
	failed(err error) // logs a panic of the program's connection
}

// readFrom reads from nc, and polls after an interrupt. nc is c.Conn, or the connection
// under it before the handshake.
func (c *base) readFrom(of polled, nc net.Conn, b []byte) (int, error) {
	n, err := nc.Read(b)
	if n <= 0 {
		n, err = c.readAgain(of, nc, b, err)
	}
	return n, err
}

// readAgain goes on after a Read that has returned no bytes but err: if an interrupt was
// the cause it polls, and reads on if the connection is not to be closed.
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

// protectedPoll is finalPoll that returns a panic as an error: net/http without us makes
// none of these calls, and does not recover a panic in the goroutine that reads HTTP/2.
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

// finalPoll is the reader's side of interruptRead. It polls, and closes the connection if
// nothing has come. settled is false if the connection is to be kept, and the reader
// should read on; else n and err are the result of its Read.
func (c *base) finalPoll(of polled, nc net.Conn, b []byte) (n int, err error, settled bool) {
	if !c.interrupted.Load() {
		return 0, nil, false
	}
	if !of.closable() || of.midRequest() {
		of.keep()
		return 0, nil, false
	}
	n, err = pollNow(nc, b) // not under a lock: it may take a few milliseconds
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
