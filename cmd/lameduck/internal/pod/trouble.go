package pod

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// settled is how long a container has to run, and then its processes to use no
// processor time, before what it does is taken for what it will do.
const settled = 2 * time.Second

// idleness is when the processes of a container last used processor time.
type idleness struct {
	cpu   time.Duration
	since time.Time
}

// Trouble describes why connections of clients do not reach the process, if so.
// It is final if waiting will not help: the processes have been idle for 2 s,
// and what they listen on is what they meant. It is not safe for concurrent use.
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

// idle reports whether the container has run, and its processes used no
// processor time, for a while. Where that cannot be seen it is false.
func (c *container) idle() bool {
	var cpu time.Duration
	tree := c.Tree()
	for _, process := range tree {
		cpu += process.CPU
	}
	now := time.Now()
	if cpu != c.idleness.cpu || c.idleness.since.IsZero() {
		c.idleness = idleness{cpu, now}
	}
	return len(tree) > 0 && now.Sub(c.began) >= settled && now.Sub(c.idleness.since) >= settled
}

func (c *container) exited() bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}
