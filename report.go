package lameduck

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/short"
)

// terminationLog is where the kubelet reads the termination message of a container
// (terminationMessagePath's default); kubectl describe pod shows it.
const terminationLog = "/dev/termination-log"

// terminationMessage is the text of that file: the summary on one line, then a line for
// each error, then the stacks of those that have one.
func terminationMessage(attrs []any, err error) string {
	var b strings.Builder
	b.WriteString("lameduck:")
	for i := 0; i < len(attrs); i += 2 {
		fmt.Fprintf(&b, " %v=%v", attrs[i], attrs[i+1])
	}
	if err == nil {
		b.WriteString(" cut=0")
	}
	b.WriteString("\n")
	b.WriteString(namesThenStacks(oneByOne(err), maxMessage-1-b.Len()))
	return short.Lines(strings.TrimSuffix(b.String(), "\n"), maxMessage-1) + "\n"
}

const (
	maxMessage = 4096    // bytes that the kubelet keeps of a termination log
	leastTrace = 200     // bytes: less of a stack is of no use
	maxText    = 8 << 10 // bytes of text in a log record: with escapes, less than the 16 KiB of a line in a container's log
)

// summary is the text of errs, of which it leaves out what does not fit into most bytes.
func summary(errs []error, most int) string {
	size := 0
	for _, err := range errs {
		size += len(err.Error()) + 1
	}
	if size <= most {
		return errors.Join(errs...).Error()
	}
	return namesThenStacks(errs, most)
}

// namesThenStacks is a line for each error, then the stacks of those that have one, in
// most bytes at most: the names matter more than a whole stack.
func namesThenStacks(errs []error, most int) string {
	var b strings.Builder
	var traces []program.Traced
	for _, one := range errs {
		if t, ok := one.(program.Traced); ok {
			traces = append(traces, t)
			one = t.Err
		}
		fmt.Fprintln(&b, one)
	}
	for i, t := range traces {
		share := (most - b.Len()) / (len(traces) - i)
		if share < leastTrace {
			break
		}
		b.WriteString(short.Lines(fmt.Sprintf("\n%v\n%s", t.Err, t.Stack), share-1) + "\n")
	}
	return short.Lines(strings.TrimSuffix(b.String(), "\n"), most)
}

// oneByOne takes joined errors apart.
func oneByOne(err error) (all []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, err := range joined.Unwrap() {
		all = append(all, oneByOne(err)...)
	}
	return all
}

// writeMessage writes the termination message to the file, if that exists: outside of a
// pod it does not, and is not made.
func writeMessage(file, message string) {
	f, err := os.OpenFile(cmp.Or(file, terminationLog), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(message)
}
