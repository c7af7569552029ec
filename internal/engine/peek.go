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

// deadlinePeeker reads with a short deadline. It is for connections that are not sockets,
// and for systems where a socket cannot be read without Go's runtime (Windows).
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
