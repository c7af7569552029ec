package pod

import (
	"fmt"
	"net/netip"
	"strings"
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

// Status describes in one line the present state of the pod, for the message
// that it never became ready: that it exited, with its last output; that it
// listens on another address; that a probe fails.
func (p *Pod) Status() string {
	end, probe := p.status.problem()
	if end != "" {
		if last := p.LastOutput(); len(last) > 0 {
			end += fmt.Sprintf("; last output: %q", last[len(last)-1])
		}
		return end
	}
	if wrongListener := p.wrongListener(p.current.Load().Listening()); wrongListener != "" {
		return wrongListener
	}
	if probe != "" {
		return probe
	}
	return "it is running; no probe failure and no port problem seen"
}

// wrongListener describes where the process listens, unless that is correct.
func (p *Pod) wrongListener(listening []netip.AddrPort) string {
	if _, ok := p.choose(listening); ok {
		return ""
	}
	port := int(p.port.Load())
	switch {
	case len(listening) == 0 && !p.cfg.Isolated:
		return "it does not listen on the port in the environment variable PORT"
	case len(listening) == 0 && port == 0:
		return "it does not listen on any TCP port"
	case len(listening) == 0:
		return fmt.Sprintf("it does not listen on any TCP port; the Service sends connections to port %d", port)
	case p.onLoopback(listening, port):
		return fmt.Sprintf("it listens on %s, which no other host can reach; make it listen on 0.0.0.0", join(listening))
	}
	return fmt.Sprintf("it listens on %s; the Service sends connections to port %d", join(listening), port)
}

// onLoopback reports whether the port is correct and the address is on
// loopback.
func (p *Pod) onLoopback(listening []netip.AddrPort, port int) bool {
	for _, addr := range listening {
		if addr.Addr().IsLoopback() && (port == 0 || port == int(addr.Port())) {
			return true
		}
	}
	return false
}

func join(addrs []netip.AddrPort) string {
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.String()
	}
	return strings.Join(words, " and ")
}

// LastOutput returns the last lines that the process wrote, at most 20.
func (p *Pod) LastOutput() []string { return p.lines.last() }
