package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
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
	switch {
	case isErrno(err, refusedErrnos):
		return lostBy("refused", err)
	case isTimeout(err):
		return lostBy("dial-timeout", err)
	case isErrno(err, resetErrnos):
		return lostBy("reset", err)
	}
	return lostBy("unreachable", err)
}

// reason returns why an attempt was lost, in a word.
func reason(err error) string {
	if l, ok := errors.AsType[*loss](err); ok {
		return l.reason
	}
	switch {
	case isTimeout(err):
		return "timeout"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "truncated"
	case errors.Is(err, io.EOF):
		return "eof"
	case isErrno(err, resetErrnos):
		return "reset"
	case isErrno(err, refusedErrnos):
		return "refused"
	}
	return "other"
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
}

func isErrno(err error, list []syscall.Errno) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains(list, errno)
}
