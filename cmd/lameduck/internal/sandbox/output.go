package sandbox

import (
	"io"
	"os"
	"sync"
	"time"
)

// outputDelay is how long the output of a process is awaited after its end.
// Only a descendant that escaped can hold it open; in a PID namespace none can.
const outputDelay = time.Second

// syncWriter writes one call after the other.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// OneAtATime lets several processes write to one writer; nil discards.
func OneAtATime(w io.Writer) io.Writer {
	if w == nil {
		w = io.Discard
	}
	return &syncWriter{w: w}
}

func (s *syncWriter) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// stream carries the output of a process to a writer. os/exec could as well,
// but its Wait then returns only when the last descendant has let go.
type stream struct {
	read, write *os.File
	copied      chan struct{}
}

func newStream(to io.Writer) (*stream, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s := &stream{r, w, make(chan struct{})}
	go func() {
		defer close(s.copied)
		_, _ = io.Copy(to, r)
	}()
	return s, nil
}

// finish is called when the process has ended, or was never started.
func (s *stream) finish() {
	_ = s.read.SetReadDeadline(time.Now().Add(outputDelay))
	<-s.copied
	s.read.Close()
}
