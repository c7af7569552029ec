package workers

import (
	"bytes"
	"strings"
	"sync"
)

// lastLine keeps the most useful line of a program's output about its end: the
// first of a panic, else the last.
type lastLine struct {
	mu    sync.Mutex
	rest  []byte
	line  string
	panic bool
}

// Write never fails.
func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			break
		}
		l.addLine(string(line))
		l.rest = rest
	}
	l.rest = l.rest[max(0, len(l.rest)-4096):]
	return len(p), nil
}

func (l *lastLine) addLine(line string) {
	line = strings.TrimSpace(line)
	switch {
	case l.panic || line == "" || strings.HasPrefix(line, "{"): // the protocol, in a log
	case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: "):
		l.panic = true
		fallthrough
	default:
		l.line = line
	}
}

// String is that line, or "".
func (l *lastLine) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rest := strings.TrimSpace(string(l.rest)); rest != "" && !l.panic {
		return rest
	}
	return l.line
}
