package pod

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func (p *Pod) listening(c *container, addr netip.AddrPort) {
	if p.cfg.Port == 0 {
		p.port.Store(int32(addr.Port()))
	}
	tree, holders := c.Tree(), c.Holders(int(addr.Port()))
	p.emit(timeline.Event{Kind: timeline.Listening, Detail: addr.String(), Server: server(tree, holders)})
	c.listens, c.wrapper, c.servers = true, wrapper(tree, holders), servers(tree, holders)
	if len(holders) == 0 { // this host does not show them
		holders = pids(tree)
	}
	c.watches.ended.Go(func() { p.watchQueue(c, int(p.port.Load()), holders) })
	p.watchStart(c)
	p.noteListeners(c, addr)
	p.tryConnecting(c)
}

// noteListeners notes what a user would not expect of the port, and of process 1.
func (p *Pod) noteListeners(c *container, addr netip.AddrPort) {
	var ports []string
	for _, other := range c.Listening() {
		if port := fmt.Sprint(other.Port()); p.reachable(other) && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	if p.cfg.Port == 0 && len(ports) > 1 {
		p.cfg.Note(fmt.Sprintf("the process listens on the ports %s; the load goes to %d (--port chooses)", strings.Join(ports, ", "), addr.Port()))
	}
	if c.wrapper != "" {
		p.cfg.Note(c.wrapper + ": make the server process 1, by its own command or by exec in the script")
	}
}

func pids(tree []sandbox.ProcessInfo) (all []int) {
	for _, info := range tree {
		all = append(all, info.PID)
	}
	return all
}
