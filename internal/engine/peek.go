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
	// Ask writes request, and reads what is received afterwards. It returns when it
	// was written and the error of that, and what was read. Nothing may have been read
	// although there is no error.
	Ask(request, answer []byte) Asked
}

// Asked is the result of Ask.
type Asked struct {
	Sent     time.Time // zero: not all of the request was written
	WriteErr error
	N        int // bytes of the answer
	ReadErr  error
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

// Ask leaves the reading to the caller.
func (g deadlinePeeker) Ask(request, _ []byte) Asked { return write(g.nc, request) }

func write(nc net.Conn, p []byte) (a Asked) {
	if _, a.WriteErr = nc.Write(p); a.WriteErr == nil {
		a.Sent = time.Now()
	}
	return a
}
