package pod

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// run runs the containers, one after the other, until the pod is to terminate.
// It is the one goroutine that emits events.
func (p *Pod) run(c *container) {
	defer close(p.done)
	defer p.end()
	defer func() { p.current.Load().Close() }()
	p.emit(timeline.Event{Kind: timeline.Started})
	for restarts := 0; ; restarts++ {
		p.runContainer(c)
		if time.Since(c.began) >= backoffReset {
			restarts = 0
		}
		if c = p.restart(&restarts); c == nil {
			return
		}
		p.emit(timeline.Event{Kind: timeline.Restarted})
	}
}

// runContainer is one container, from its start to its exit.
func (p *Pod) runContainer(c *container) {
	stopKill := context.AfterFunc(p.podCtx, func() { _ = c.Signal(syscall.SIGKILL) })
	defer stopKill()
	defer c.workers.Wait()
	defer c.stop()
	p.startProbes(c)
	if p.await(c.stopCtx, c) {
		return
	}
	if bad, ok := errors.AsType[*unhealthy](context.Cause(c.stopCtx)); ok {
		p.stop(c, p.killGrace(bad.kind), bad.Error())
		return
	}
	if p.podCtx.Err() != nil {
		p.await(unlimited, c) // SIGKILL was sent above
		return
	}
	p.stop(c, p.grace, "")
}

// killGrace is the grace period of a container that fails its liveness or
// startup probe: the probe's own (KEP-2238), or the pod's.
func (p *Pod) killGrace(kind probeKind) time.Duration {
	pr := p.plan.liveness
	if kind == startup {
		pr = p.plan.startup
	}
	if pr.Grace > 0 {
		return pr.Grace
	}
	return p.cfg.Spec.Grace
}

// restart starts the container again, after the backoff. It is nil if the pod
// is to terminate: a container that has exited is not restarted then.
func (p *Pod) restart(restarts *int) *container {
	for {
		if sleep(p.terminateCtx, backoff(*restarts)) != nil || p.terminateCtx.Err() != nil {
			return nil
		}
		c, err := p.newContainer()
		if err == nil {
			return c
		}
		p.status.failed(err)
		*restarts++
	}
}

// exited is called once, when the process has exited.
func (p *Pod) exited(c *container) {
	c.ended, c.ready = true, false
	c.stop()
	if c.listens {
		<-c.queue.ended
		p.emitQueue(c)
	}
	code, signal := c.Exit()
	p.status.exited(code, signal, time.Since(c.began))
	p.emit(timeline.Event{Kind: timeline.Exited, Code: code, Signal: signal})
}

func (p *Pod) setReady(c *container, ok bool, reason string) {
	if c.ready == ok {
		return
	}
	c.ready = ok
	kind := timeline.Ready
	if !ok {
		kind = timeline.Unready
	} else if port := int(p.port.Load()); c.OverIPv6(port) {
		p.cfg.Note(fmt.Sprintf("the process listens on port %d over IPv6 only: the load is sent over IPv6; where pods have IPv4 addresses no client would reach it", port))
	}
	p.emit(timeline.Event{Kind: kind, Detail: reason})
}

func (p *Pod) listening(c *container, addr netip.AddrPort) {
	if p.cfg.Port == 0 {
		p.port.Store(int32(addr.Port()))
	}
	tree, holders := c.Tree(), c.Holders(int(addr.Port()))
	p.emit(timeline.Event{Kind: timeline.Listening, Detail: addr.String(), Server: server(tree, holders)})
	c.listens, c.wrapper = true, wrapper(tree, holders)
	c.workers.Go(func() { p.watchQueue(c, int(p.port.Load())) })
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

func (p *Pod) emit(e timeline.Event) {
	e.At, e.Pod = p.cfg.Clock.Now(), p.cfg.Name
	p.cfg.Emit(e)
}

func discard(timeline.Event) {}
