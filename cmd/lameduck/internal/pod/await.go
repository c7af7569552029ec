package pod

import (
	"context"
	"time"
)

// unlimited is an await without an end of its own.
var unlimited = context.Background()

// await handles the results of probes until the process exits or ctx ends.
func (p *Pod) await(ctx context.Context, c *container) (exited bool) {
	for {
		select {
		case <-c.Done():
			p.exited(c)
			return true
		case v := <-c.results:
			p.onProbe(c, v)
		case addr := <-c.found:
			p.listening(c, addr)
		case <-c.watches.news:
			p.emitWatched(c)
		case <-ctx.Done():
			return false
		}
	}
}

func (p *Pod) awaitFor(c *container, d time.Duration) (exited bool) {
	ctx, cancel := context.WithTimeout(unlimited, d)
	defer cancel()
	return p.await(ctx, c)
}
