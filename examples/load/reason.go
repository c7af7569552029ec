package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// A loss is an error whose reason is known where it is met.
type loss struct {
	reason string
	err    error
}

func (l *loss) Error() string {
	if l.err == nil {
		return l.reason
	}
	return fmt.Sprintf("%s: %v", l.reason, l.err)
}

func (l *loss) Unwrap() error { return l.err }

// lostBy returns err with its reason.
func lostBy(reason string, err error) error { return &loss{reason, err} }

// unreached returns why no connection was made.
func unreached(err error) error {
	if errors.Is(err, fs.ErrNotExist) { // no such Unix socket
		return lostBy("refused", err)
	}
	return lostBy(string(engine.DialFailure(err).Cause), err)
}

// reason returns why an attempt was lost, in a word.
func reason(err error) string {
	if l, ok := errors.AsType[*loss](err); ok {
		return l.reason
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "truncated"
	}
	return string(engine.ExchangeFailure(engine.Receive, err, 0).Cause)
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
}
