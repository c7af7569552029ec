package link

import (
	"errors"
	"net"
	"os"
	"time"
)

// readSoon is readNow for a connection that is no socket, or on a system
// where a socket cannot be read without waiting: it waits a millisecond.
func readSoon(c net.Conn, b []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	n, err := c.Read(b)
	if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, nil
	}
	return 0, err
}
