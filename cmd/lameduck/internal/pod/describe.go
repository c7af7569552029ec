package pod

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Status describes in one line the present state of the pod, for the message
// that it never became ready: that it exited, with its last output; that it
// listens on another address; that a probe fails.
func (p *Pod) Status() string {
	end, probe := p.status.problem()
	if end != "" {
		for _, line := range slices.Backward(p.LastOutput()) {
			if strings.TrimSpace(line) != "" {
				return end + `; last output: "` + line + `"` // its control characters are escaped
			}
		}
		return end
	}
	if wrongListener := p.wrongListener(p.current.Load().Listening()); wrongListener != "" {
		return wrongListener
	}
	if probe != "" {
		return probe
	}
	return "the process is running; no probe failure and no port problem seen"
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
