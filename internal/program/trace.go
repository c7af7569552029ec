package program

import (
	"strings"

	"github.com/lameduck-dev/lameduck/internal/short"
)

// A Traced is an error with the stack of the goroutine that it is about. The two are
// separate because a text that has no room for all leaves out stacks first.
type Traced struct {
	Err   error
	Stack string
}

func (e Traced) Error() string { return e.Err.Error() + "\n" + e.Stack }
func (e Traced) Unwrap() error { return e.Err }

// TrimStack returns stack without frame and what is below it, and at most MaxStack of it.
// An empty frame is none.
func TrimStack(stack, frame string) string {
	if frame != "" {
		stack, _, _ = strings.Cut(stack, "\n"+frame+"(")
	}
	return short.Lines(strings.TrimSuffix(stack, "\n"), MaxStack)
}

const MaxStack = 4 << 10 // bytes of one stack
