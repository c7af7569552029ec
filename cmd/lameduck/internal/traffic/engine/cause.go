package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// A Malformed is an answer that is not of the protocol.
type Malformed string

func (m Malformed) Error() string { return "malformed response: " + string(m) }

// Fail sets how an attempt failed, and in which phase.
func Fail(a *timeline.Attempt, phase timeline.Phase, cause timeline.Cause, detail string) {
	a.Phase, a.Class, a.Cause, a.Detail = phase, cause.Class(), cause, detail
}

// FailExchange sets that an exchange ended without a complete answer, and its
// connection with it. a.Ended and a.Bytes are set.
func FailExchange(a *timeline.Attempt, phase timeline.Phase, err error) {
	Fail(a, phase, exchangeCause(err, a.Bytes), detail(err))
	a.End, a.EndedConn = timeline.Broken, a.Ended
}

// FailDial sets why no connection was made. An error that isn't the network's
// (too many open files, for example) counts as unreachable too; Detail has its
// text, and the control target fails beside it.
func FailDial(a *timeline.Attempt, err error) {
	Fail(a, timeline.DialPhase, dialCause(err), detail(err))
}

// FailHandshake sets why no exchange could begin on a connection that was made.
func FailHandshake(a *timeline.Attempt, err error) {
	FailExchange(a, timeline.HandshakePhase, err)
	if a.Cause == timeline.Reset && !isErrno(err, resetErrnos) {
		a.Cause, a.Class = timeline.Malformed, timeline.Malformed.Class() // a TLS alert, or not TLS at all
	}
}

func dialCause(err error) timeline.Cause {
	switch {
	case isErrno(err, refusedErrnos):
		return timeline.Refused
	case isErrno(err, resetErrnos):
		return timeline.Reset
	case isTimeout(err):
		return timeline.DialTimeout
	}
	return timeline.Unreachable
}

// exchangeCause is why an answer failed on a connection that was made, after
// seen bytes of it.
func exchangeCause(err error, seen int64) timeline.Cause {
	_, malformed := errors.AsType[Malformed](err)
	switch {
	case malformed:
		return timeline.Malformed
	case isTimeout(err):
		return timeline.Timeout
	case seen > 0:
		return timeline.Truncated
	case errors.Is(err, io.EOF):
		return timeline.EOF
	case isErrno(err, unreachableErrnos):
		return timeline.Unreachable
	}
	return timeline.Reset
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || isErrno(err, timeoutErrnos) || isNetTimeout(err)
}

func isNetTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func isErrno(err error, list []syscall.Errno) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains(list, errno)
}

// detail is the error of the socket, without the addresses and ports that would
// make each message a different one.
func detail(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return err.Error()
	}
	cause := op.Err
	if call, ok := errors.AsType[*os.SyscallError](cause); ok {
		cause = call.Err
	}
	// A read through a RawConn is named raw-read.
	return strings.TrimPrefix(op.Op, "raw-") + ": " + cause.Error()
}
