package trial

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// A Log is what a program has written up to now.
type Log struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{} // closed at the next write
}

func newLog() *Log { return &Log{written: make(chan struct{})} }

// Write is called by package os/exec.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.written)
	l.written = make(chan struct{})
	return l.text.Write(b)
}

func (l *Log) String() string {
	text, _ := l.read()
	return text
}

func (l *Log) read() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String(), l.written
}

// Await waits until the log has text.
func (l *Log) Await(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(hung)
	for {
		have, written := l.read()
		if strings.Contains(have, text) {
			return
		}
		select {
		case <-written:
		case <-timeout:
			t.Fatalf("%q never came in the log:\n%s", text, have)
		}
	}
}
