package pod

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// exited is called once, when the process has exited.
func (p *Pod) exited(c *container) {
	c.ended, c.ready = true, false
	c.stop()
	c.watches.ended.Wait()
	p.emitWatched(c)
	code, signal := c.Exit()
	p.status.exited(code, signal, time.Since(c.began))
	p.emit(timeline.Event{Kind: timeline.Exited, Code: code, Signal: signal})
}

// emitWatched emits what the watch of the container has kept.
func (p *Pod) emitWatched(c *container) {
	w := c.watches
	w.mu.Lock()
	events := w.events
	w.events = nil
	w.mu.Unlock()
	for _, e := range events {
		e.Pod = p.cfg.Name
		p.cfg.Emit(e)
	}
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
	p.watchStart(c)
}
