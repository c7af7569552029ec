package pod

import (
	"context"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const (
	// waitsPoll is the time between two looks at how long the threads of a pod have
	// waited for a processor.
	waitsPoll = 50 * time.Millisecond
	// noticeable is a wait that may change what the server does in time.
	noticeable = 10 * time.Millisecond

	// startPoll is the time between two looks while a container is new, which its many
	// threads, as of a JVM that compiles, make expensive.
	startPoll = 500 * time.Millisecond
	// startTime is for how long it is new: that of a probe's default period.
	startTime = 10 * time.Second
)

// watchWaits looks until the container ends, from its termination on: a thread
// that gets no processor handles the stop signal, and connections, late. Of the
// waits since the last look it keeps the longest.
func (p *Pod) watchWaits(c *container) { p.watchThreads(c, c.probes, timeline.Starved, waitsPoll) }

// watchStart looks at a container from the moment that it is ready and known to listen, until
// its termination begins: one that gets no processor accepts its first connections late.
func (p *Pod) watchStart(c *container) {
	if !c.ready || !c.listens || c.startWatched {
		return
	}
	c.startWatched = true
	ctx, cancel := context.WithTimeout(c.livenessCtx, startTime)
	context.AfterFunc(ctx, cancel)
	p.watchThreads(c, ctx, timeline.StartStarved, startPoll)
}

func (p *Pod) watchThreads(c *container, ctx context.Context, kind timeline.Kind, poll time.Duration) {
	servers := c.servers
	last := c.Waits(servers)
	if last == nil {
		return
	}
	c.watches.ended.Go(func() {
		for sleep(ctx, poll) == nil {
			now, next := p.cfg.Clock.Now(), c.Waits(servers)
			if w := longestWait(last, next); w >= noticeable {
				c.watches.add(timeline.Event{Kind: kind, Due: now - w, At: now})
			}
			last = next
		}
	})
}

// servers are the processes that a termination depends on: process 1, which gets
// the stop signal, and those that listen.
func servers(tree []sandbox.ProcessInfo, holders []int) []int {
	if len(tree) == 0 || slices.Contains(holders, tree[0].PID) {
		return holders
	}
	return append([]int{tree[0].PID}, holders...)
}

// longestWait is the longest that any thread waited between two looks.
func longestWait(last, next map[int]time.Duration) (longest time.Duration) {
	for thread, waited := range next {
		longest = max(longest, waited-last[thread])
	}
	return longest
}
