package task

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/lameduck-dev/lameduck/internal/program"
)

const (
	// Writing the stacks of all goroutines stops the world for about 6 us each: of more
	// goroutines than this no stacks are written.
	mostGoroutines = 2000
	mostStacks     = 16 << 20 // bytes of all stacks
)

// goroutineID is the number of the calling goroutine, "" if the runtime does not write
// the head of a stack as it always has: "goroutine 18 [running]:".
func goroutineID() string {
	var b [64]byte
	head, _, _ := strings.Cut(string(b[:runtime.Stack(b[:], false)]), " [")
	id, _ := strings.CutPrefix(head, "goroutine ")
	return id
}

// Stacks are the stacks of all goroutines at one moment, as the runtime writes them.
type Stacks struct {
	all string
	why string // why there are none; empty if there are
}

// TakeStacks stops the world while it writes the stacks.
func TakeStacks() Stacks {
	if n := runtime.NumGoroutine(); n > mostGoroutines {
		return Stacks{why: fmt.Sprintf("(its stack was not looked for among those of %d goroutines)", n)}
	}
	for size := 1 << 18; ; size *= 2 {
		b := make([]byte, size)
		if n := runtime.Stack(b, true); n < size || size >= mostStacks {
			return Stacks{all: string(b[:n])}
		}
	}
}

// of is the stack of one goroutine, without what is below the task's function.
func (s Stacks) of(id string) string {
	if s.why != "" {
		return s.why
	}
	for one := range strings.SplitSeq(s.all, "\n\n") {
		if id != "" && strings.HasPrefix(one, "goroutine "+id+" [") {
			return program.TrimStack(one, runFrame)
		}
	}
	return "(its goroutine has ended meanwhile)"
}

// runFrame is how a stack names Task.Run: the frames below that are ours.
const runFrame = "github.com/lameduck-dev/lameduck/internal/task.(*Task).Run"
