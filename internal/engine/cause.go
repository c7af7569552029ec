package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
)

// NotProtocol is the error of an answer that is not of the protocol.
type NotProtocol string

func (e NotProtocol) Error() string { return "malformed response: " + string(e) }

// DialFailure is why no connection was made. An error that is not the network's, such as
// too many open files, counts as Unreachable too; Detail has its text.
func DialFailure(err error) Failure { return Failure{Dial, dialCause(err), detail(err)} }

// HandshakeFailure is why no exchange could begin on a connection that was made.
func HandshakeFailure(err error) Failure {
	f := ExchangeFailure(Handshake, err, 0)
	if f.Cause == Reset && !isErrno(err, resetErrnos) {
		f.Cause = Malformed // a TLS alert, or not TLS at all
	}
	return f
}

// ExchangeFailure is why an exchange, and its connection, ended without a complete answer,
// after seen bytes of the answer.
func ExchangeFailure(phase Phase, err error, seen int64) Failure {
	return Failure{phase, exchangeCause(err, seen), detail(err)}
}

func dialCause(err error) Cause {
	switch {
	case isErrno(err, refusedErrnos):
		return Refused
	case isErrno(err, resetErrnos):
		return Reset
	case isTimeout(err):
		return DialTimeout
	}
	return Unreachable
}

// exchangeCause is why an exchange failed on a connection that was made, after seen bytes
// of the answer.
func exchangeCause(err error, seen int64) Cause {
	switch {
	case errors.As(err, new(NotProtocol)):
		return Malformed
	case isTimeout(err):
		return Timeout
	case seen > 0:
		return Truncated
	case errors.Is(err, io.EOF):
		return EOF
	case isErrno(err, unreachableErrnos):
		return Unreachable
	}
	return Reset
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || isErrno(err, timeoutErrnos) || isNetTimeout(err)
}

func isNetTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func isErrno(err error, list []syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && slices.Contains(list, errno)
}

// detail is the error of the socket, without addresses and ports: with those every text
// would be different, and equal errors could not be counted.
func detail(err error) string {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err.Error()
	}
	cause := op.Err
	if call := new(os.SyscallError); errors.As(cause, &call) {
		cause = call.Err
	}
	// A read through a RawConn is named raw-read.
	return strings.TrimPrefix(op.Op, "raw-") + ": " + cause.Error()
}
