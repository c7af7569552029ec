package pod

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// Trouble describes why connections of clients do not reach the process, if so.
// It is final if waiting will not help: the processes have been idle for 2 s, so they will
// not listen on another port. It is not safe for concurrent use.
func (p *Pod) Trouble() (why string, final bool) {
	c := p.current.Load()
	if c.exited() {
		return "", false
	}
	listening := c.Listening()
	idle := c.idle()
	if why = p.wrongListener(listening); why != "" {
		return why, idle && len(listening) > 0 && (p.onLoopback(listening, p.cfg.Port) || p.undeclared(p.cfg.Port))
	}
	for _, pr := range []*probe{p.plan.startup, p.plan.readiness} {
		if pr != nil && pr.action.port != 0 && !listensOn(listening, pr.action.port) && p.cfg.Isolated {
			return fmt.Sprintf("its %s probe asks port %d; it listens on %s", pr.kind, pr.action.port, join(listening)),
				idle && p.undeclared(pr.action.port)
		}
	}
	return "", false
}

// undeclared reports whether the manifest declares ports, and this is none of
// them. A process may open a port that is declared later than others.
func (p *Pod) undeclared(port int) bool {
	return port != 0 && len(p.cfg.Spec.Ports) > 0 && !slices.ContainsFunc(p.cfg.Spec.Ports, func(d manifest.Port) bool { return d.Number == port })
}

func listensOn(listening []netip.AddrPort, port int) bool {
	return slices.ContainsFunc(listening, func(a netip.AddrPort) bool { return int(a.Port()) == port })
}
