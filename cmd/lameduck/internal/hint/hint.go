// Package hint joins an error with what to do about it. The command line
// prints the error on one line and the hint on the next.
package hint

import (
	"errors"
	"strings"
)

type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// New returns err with a hint. The hint is one sentence without a full stop.
func New(err error, hint string) error { return hinted{err, hint} }

// Join is errors.Join for errors with hints: the hints are joined as well.
func Join(errs ...error) error {
	var hints []string
	for _, err := range errs {
		if h := Of(err); h != "" {
			hints = append(hints, h)
		}
	}
	err := errors.Join(errs...)
	if len(hints) < 2 {
		return err
	}
	return New(err, strings.Join(hints, "; "))
}

// Of returns the hint of err or of the first error it wraps that has one,
// else "".
func Of(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	return ""
}
