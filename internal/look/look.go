// Package look finds out what has come on a connection, or on a listener, that can be
// asked only by a Read, or an Accept, with a deadline. If the deadline passes before the
// call begins, the call ends without a look at the socket. And what comes after the
// deadline, but before the goroutine runs again, is not seen. On a busy machine both
// delays can be as long as a request takes to come. So a look that was late is made
// again, with more time.
package look

import (
	"errors"
	"net"
	"os"
	"time"
)

// shortest is the time of the first look.
const shortest = time.Millisecond

// A Look is a call with a deadline, which is made again if it was late. The zero value is
// ready to use.
type Look struct {
	wait  time.Duration // of the last try
	until time.Time     // its deadline
}

// Begin sets the deadline of the call, by set. Each try has twice the time of the one
// before.
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

// Read reads what has come on c. It returns 0 and nil if nothing has come. c then still
// has a read deadline, which has passed.
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
