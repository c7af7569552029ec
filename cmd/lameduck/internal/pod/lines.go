package pod

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

const (
	keptLines = 20
	maxLine   = 4096 // bytes; a longer line is broken
)

// lines takes the output of a process: it keeps the last lines, and writes each
// one with the name of the pod. Both are printable.
type lines struct {
	mu      sync.Mutex
	name    string
	to      io.Writer // may be nil
	partial []byte
	kept    []string
}

func newLines(name string, to io.Writer) *lines { return &lines{name: name, to: to} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, b...)
	for {
		line, rest, complete := bytes.Cut(l.partial, []byte("\n"))
		if !complete && len(l.partial) <= maxLine {
			return len(b), nil
		}
		if len(line) > maxLine {
			line, rest = l.partial[:maxLine], l.partial[maxLine:]
		}
		l.add(printable(bytes.TrimSuffix(line, []byte("\r"))))
		l.partial = rest
	}
}

// add ignores a Log that cannot be written: the pod must not fail because of
// it.
func (l *lines) add(line string) {
	if l.to != nil {
		fmt.Fprintf(l.to, "%s | %s\n", l.name, line)
	}
	if len(l.kept) == keptLines {
		l.kept = l.kept[1:]
	}
	l.kept = append(l.kept, line)
}

// last returns the last lines, and the start of an incomplete one.
func (l *lines) last() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := append([]string(nil), l.kept...)
	if len(l.partial) > 0 {
		kept = append(kept, printable(bytes.TrimSuffix(l.partial, []byte("\r"))))
	}
	return kept
}
