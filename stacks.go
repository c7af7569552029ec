package lameduck

import (
	"fmt"
	"runtime"
	"strings"
)

const (
	// Writing the stacks of all goroutines stops the world for about 6 us each:
	// with more than these none are written.
	mostGoroutines = 2000
	mostStacks     = 16 << 20 // bytes, of all of them
	mostStack      = 4 << 10  // bytes, of one
)

// A traced is an error with the stack of the goroutine that it is about. The
// stack is told last where there is not room for all.
type traced struct {
	error
	stack string
}

func (e traced) Error() string { return e.error.Error() + "\n" + e.stack }
func (e traced) Unwrap() error { return e.error }

// goroutineID is the number of the calling goroutine, "" if the runtime does
// not tell it as it always has: "goroutine 18 [running]:".
func goroutineID() string {
	var b [64]byte
	head, _, _ := strings.Cut(string(b[:runtime.Stack(b[:], false)]), " [")
	id, _ := strings.CutPrefix(head, "goroutine ")
	return id
}

// stacks are those of all goroutines at one moment, as the runtime writes
// them; or why there are none.
type stacks struct {
	all string
	why string
}

func takeStacks() stacks {
	if n := runtime.NumGoroutine(); n > mostGoroutines {
		return stacks{why: fmt.Sprintf("(its stack was not looked for among those of %d goroutines)", n)}
	}
	for size := 1 << 18; ; size *= 2 {
		b := make([]byte, size)
		if n := runtime.Stack(b, true); n < size || size >= mostStacks {
			return stacks{all: string(b[:n])}
		}
	}
}

// of is the stack of one goroutine, from where it is to where the task
// begins.
func (s stacks) of(id string) string {
	if s.why != "" {
		return s.why
	}
	for one := range strings.SplitSeq(s.all, "\n\n") {
		if id != "" && strings.HasPrefix(one, "goroutine "+id+" [") {
			return trimStack(one)
		}
	}
	return "(its goroutine has ended meanwhile)"
}

// trimStack takes our own part off the end, and all that is too much.
func trimStack(stack string) string {
	stack, _, _ = strings.Cut(stack, "\ngithub.com/lameduck-dev/lameduck.(*task).run(")
	return wholeLines(strings.TrimSuffix(stack, "\n"), mostStack)
}

// wholeLines is text if it has no more than most bytes, else as many of its
// lines as do, and a word that there were more.
func wholeLines(text string, most int) string {
	const more = "\n..."
	if len(text) <= most {
		return text
	}
	text = strings.ToValidUTF8(text[:max(0, most-len(more))], "")
	if i := strings.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text + more
}
