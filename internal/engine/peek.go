package engine

import (
	"net"
	"time"
)

// ErrNothing is the error of ReadNow on a connection that is open and has
// received nothing.
var ErrNothing error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing to read" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// peeker reads what a connection has received already, without waiting.
type peeker interface {
	// ReadNow is a Read that does not wait.
	ReadNow(p []byte) (int, error)
}

// newPeeker prefers a non-blocking read of the socket.
func newPeeker(nc net.Conn) peeker {
	if g := newSocketPeeker(nc); g != nil {
		return g
	}
	return deadlinePeeker{nc}
}

// deadlinePeeker waits for the shortest time a deadline can express with
// safety: for connections that aren't sockets, and systems where a socket
// can't be read past the runtime (Windows).
type deadlinePeeker struct{ nc net.Conn }

func (g deadlinePeeker) ReadNow(p []byte) (int, error) {
	if err := g.nc.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := g.nc.Read(p)
	if n == 0 && isTimeout(err) {
		return 0, ErrNothing
	}
	return n, err
}
