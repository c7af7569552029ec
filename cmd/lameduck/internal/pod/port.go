package pod

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"
)

const (
	portPoll   = 50 * time.Millisecond // between two polls of the sockets
	portSettle = 2                     // polls after the first port was seen

	// ephemeral is the first port that the kernel gives out by itself
	// (net.ipv4.ip_local_port_range); a server seldom means those.
	ephemeral = 32768
)

// findPort polls until the process listens on the target port. If that is not
// given, it is the one that choose picks a moment after the first was seen:
// servers open several, one after the other.
func (p *Pod) findPort(c *container) {
	status := 0
	for {
		addr, ok := p.choose(c.Listening())
		if ok {
			status++
		}
		if ok && (p.cfg.Port != 0 || status > portSettle) {
			select {
			case c.found <- addr:
			case <-c.probes.Done():
			}
			return
		}
		if sleep(c.probes, portPoll) != nil {
			return
		}
	}
}

// choose picks the target port among those that other hosts can reach: the
// lowest, of those that are not ephemeral if there are any.
func (p *Pod) choose(listening []netip.AddrPort) (netip.AddrPort, bool) {
	var fit []netip.AddrPort
	for _, addr := range listening {
		if p.reachable(addr) && (p.cfg.Port == 0 || p.cfg.Port == int(addr.Port()) || !p.cfg.Isolated) {
			fit = append(fit, addr)
		}
	}
	if len(fit) == 0 {
		return netip.AddrPort{}, false
	}
	return slices.MinFunc(fit, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port()/ephemeral, b.Port()/ephemeral), a.Compare(b))
	}), true
}

// reachable is false for a server on the loopback address of its own network
// namespace. Without namespaces every address is on loopback.
func (p *Pod) reachable(addr netip.AddrPort) bool {
	return !p.cfg.Isolated || !addr.Addr().IsLoopback()
}

// connect is readiness by connecting: ready once the target port accepts a
// connection. It then ends, because for the server each connection is a
// client's.
func (p *Pod) connect(c *container, port int) {
	for !p.accepts(c, port) {
		if sleep(c.probes, portPoll) != nil {
			return
		}
	}
	select {
	case c.results <- probeResult{kind: readiness, ok: true}:
	case <-c.probes.Done():
	}
}

// accepts tries a connection, for half a second at most.
func (p *Pod) accepts(c *container, port int) bool {
	ctx, cancel := context.WithTimeout(c.probes, time.Second/2)
	defer cancel()
	return connects(ctx, c, port) == nil
}
