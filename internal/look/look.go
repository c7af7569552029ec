// Package look finds out what has come on a connection, or on a listener, that can only
// be asked with a deadline. A deadline that passes before the call begins ends the call
// without a look at the socket, and what comes between the deadline and the moment at which the
// goroutine runs again is not seen. On a busy machine both can take as long as
// a request takes to come. So a look that was late is made again, with more time.
package look

import (
	"errors"
	"net"
	"os"
	"time"
)

// shortest is how long a look waits at least.
const shortest = time.Millisecond

// A Look is a call that has a deadline, which is soon.
type Look struct {
	wait  time.Duration
	until time.Time
}

// Begin sets the deadline of the call. Each has twice the time of the one before.
func (l *Look) Begin(set func(time.Time) error) error {
	for {
		l.wait = max(shortest, 2*l.wait)
		l.until = time.Now().Add(l.wait)
		if err := set(l.until); err != nil || time.Now().Before(l.until) {
			return err
		}
	}
}

// Late reports whether the call has returned so long after its deadline that something
// may have come meanwhile.
func (l *Look) Late() bool { return time.Since(l.until) > l.wait }

// Read reads what has come on c: 0 and nil if nothing has. It leaves a deadline behind.
func Read(c net.Conn, b []byte) (int, error) {
	var l Look
	for {
		if err := l.Begin(c.SetReadDeadline); err != nil {
			return 0, err
		}
		n, err := c.Read(b)
		switch {
		case n > 0:
			return n, nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return 0, err
		case !l.Late():
			return 0, nil
		}
	}
}
