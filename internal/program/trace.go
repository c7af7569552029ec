package program

import (
	"strings"

	"github.com/lameduck-dev/lameduck/internal/short"
)

// A Traced is an error with the stack of the goroutine that it is about. The
// stack is written last where there is not room for all.
type Traced struct {
	Err   error
	Stack string
}

func (e Traced) Error() string { return e.Err.Error() + "\n" + e.Stack }
func (e Traced) Unwrap() error { return e.Err }

// TrimStack takes off the end what begins with frame, and all that is too much.
func TrimStack(stack, frame string) string {
	if frame != "" {
		stack, _, _ = strings.Cut(stack, "\n"+frame+"(")
	}
	return short.Lines(strings.TrimSuffix(stack, "\n"), MaxStack)
}

const MaxStack = 4 << 10 // bytes, of one
