package traffic

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

// dialCause is why no connection was made. An error that isn't the network's
// (too many open files, for example) counts as unreachable too; Detail has its text,
// and the control target fails beside it.
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

// classes is the class of each cause of HTTP/1.
var classes = map[timeline.Cause]timeline.Class{
	timeline.Refused:     timeline.ClassRefused,
	timeline.Unreachable: timeline.ClassUnreachable,
	timeline.DialTimeout: timeline.ClassTimedOut,
	timeline.Reset:       timeline.ClassCut,
	timeline.EOF:         timeline.ClassCut,
	timeline.Truncated:   timeline.ClassTruncated,
	timeline.Timeout:     timeline.ClassTimedOut,
	timeline.Status5xx:   timeline.ClassErrorAnswer,
	timeline.Malformed:   timeline.ClassErrorAnswer,
}

// failed sets how an attempt failed, and in which phase.
func failed(a *timeline.Attempt, phase timeline.Phase, cause timeline.Cause, detail string) {
	a.Phase, a.Class, a.Cause, a.Detail = phase, classes[cause], cause, detail
}

// exchangePhase is the phase that an exchange without a complete answer has
// reached.
func exchangePhase(a *timeline.Attempt) timeline.Phase {
	switch {
	case a.Bytes > 0:
		return timeline.ReceivePhase
	case a.Sent == timeline.Never:
		return timeline.SendPhase
	}
	return timeline.WaitPhase
}

// exchangeCause is why an answer failed on a connection that was made, after
// seen bytes of it.
func exchangeCause(err error, seen int64) timeline.Cause {
	_, notHTTP := errors.AsType[malformed](err)
	switch {
	case notHTTP:
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
