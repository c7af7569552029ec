package pod

import (
	"fmt"
	"sync"
	"time"
)

// status is what was seen of the present container, for the message that the
// pod does not become ready.
type status struct {
	mu     sync.Mutex
	end    string // how it ended, if it has
	probes map[probeKind]error
}

func (s *status) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end, s.probes = "", map[probeKind]error{}
}

func (s *status) probed(kind probeKind, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes[kind] = err
}

func (s *status) exited(code int, signal string, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = fmt.Sprintf("it exited with code %d after %v", code, after.Round(time.Millisecond))
	if signal != "" {
		s.end = fmt.Sprintf("it was killed by %s after %v", signal, after.Round(time.Millisecond))
	}
}

func (s *status) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = "it could not be restarted: " + err.Error()
}

// problem is how the container ended or which probe fails, if so.
func (s *status) problem() (end, probe string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range []probeKind{startup, readiness} {
		if err := s.probes[kind]; err != nil {
			return s.end, fmt.Sprintf("its %s probe fails: %v", kind, err)
		}
	}
	return s.end, ""
}
