package lameduck

import "strings"

// A traced is an error with the stack of the goroutine that it is about. The
// stack is told last where there is not room for all.
type traced struct {
	error
	stack string
}

func (e traced) Error() string { return e.error.Error() + "\n" + e.stack }
func (e traced) Unwrap() error { return e.error }

// trimStack takes off the end what begins with frame, and all that is too much.
func trimStack(stack, frame string) string {
	if frame != "" {
		stack, _, _ = strings.Cut(stack, "\n"+frame+"(")
	}
	return wholeLines(strings.TrimSuffix(stack, "\n"), mostStack)
}

const mostStack = 4 << 10 // bytes, of one
