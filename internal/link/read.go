package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// readSoon is readNow for a connection that is no socket, or on a system
// where a socket cannot be read without waiting: it waits a millisecond.
func readSoon(c net.Conn, b []byte) (int, error) {
	if over, ok := c.(*tls.Conn); ok {
		return readRecords(over, b)
	}
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	n, err := c.Read(b)
	if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, nil
	}
	return 0, err
}
