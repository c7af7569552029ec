package engine

import (
	"net"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// newPeeker prefers a non-blocking read of the socket.
func newPeeker(nc net.Conn) peeker {
	if g := newSocketPeeker(nc); g != nil {
		return g
	}
	return deadlinePeeker{nc}
}

// deadlinePeeker waits for a short time: for connections that aren't sockets, and
// systems where a socket can't be read past the runtime (Windows).
type deadlinePeeker struct{ nc net.Conn }

func (g deadlinePeeker) ReadNow(p []byte) (int, error) {
	n, err := look.Read(g.nc, p)
	if n == 0 && err == nil {
		return 0, ErrNothing
	}
	return n, err
}

// Ask leaves the reading to the caller.
func (g deadlinePeeker) Ask(request, _ []byte) Asked { return write(g.nc, request) }
