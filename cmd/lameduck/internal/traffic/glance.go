package traffic

import (
	"errors"
	"net"
	"time"
)

// errNothing says that a glance found the connection open and silent.
var errNothing = errors.New("nothing to read")

// glance reads what a connection has received already, without waiting.
type glance interface {
	read(p []byte) (int, error)
}

// newGlance prefers a non-blocking read of the socket.
func newGlance(nc net.Conn) glance {
	if g := newSocketGlance(nc); g != nil {
		return g
	}
	return deadlineGlance{nc}
}

// deadlineGlance waits for the shortest time a deadline can express with
// safety: for connections that aren't sockets, and systems where a socket
// can't be read past the runtime (Windows).
type deadlineGlance struct{ nc net.Conn }

func (g deadlineGlance) read(p []byte) (int, error) {
	if err := g.nc.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := g.nc.Read(p)
	if n == 0 && isTimeout(err) {
		return 0, errNothing
	}
	return n, err
}
