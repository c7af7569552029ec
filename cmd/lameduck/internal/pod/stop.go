package pod

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// stop ends a container within its grace period, as the kubelet's killContainer
// does: the preStop hook, the stop signal, SIGKILL. Liveness and startup probes
// end here; readiness continues until the process has exited.
func (p *Pod) stop(c *container, grace time.Duration, why string) {
	c.stopLiveness()
	startProbes := time.Now()
	p.watchWaits(c)
	if p.plan.preStop != nil && grace > 0 {
		abandon := p.runPreStop(c, grace)
		defer abandon()
	}
	if c.ended {
		return
	}
	sig := p.plan.stopSignal
	// Checked first: on a busy machine clients may see the effect before Signal returns.
	caught := c.Catches(sig)
	p.emit(timeline.Event{Kind: timeline.Signalled, Caught: caught, Wrapper: c.wrapper, Detail: why})
	_ = c.Signal(sig) // if the process has just exited, await reports it
	if p.awaitFor(c, remaining(grace, time.Since(startProbes))) {
		return
	}
	p.emit(timeline.Event{Kind: timeline.Killed, Uncaught: caught && !c.Catches(sig)})
	_ = c.Signal(syscall.SIGKILL)
	p.await(unlimited, c)
}

// runPreStop waits for the hook, at most for the grace period. An abandoned
// hook continues until the container ends. The hook of a process that exits by
// itself continues as well, and the pod waits for it.
func (p *Pod) runPreStop(c *container, grace time.Duration) (abandon func()) {
	p.emit(timeline.Event{Kind: timeline.PreStopStarted, Detail: p.plan.preStop.String()})
	hook, cancel := context.WithCancel(p.podCtx)
	failed := make(chan error, 1)
	waiting, ended := context.WithTimeout(p.podCtx, grace)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		failed <- p.plan.preStop.hook(hook, c, p.cfg.IP.String())
		ended()
	}()
	if p.await(waiting, c) {
		<-waiting.Done()
	}
	p.emit(timeline.Event{Kind: timeline.PreStopEnded, Detail: hookResult(failed, grace)})
	return func() {
		cancel()
		<-finished
	}
}

func hookResult(failed <-chan error, grace time.Duration) string {
	select {
	case err := <-failed:
		return reason(err)
	default:
		return fmt.Sprintf("the hook did not end within the grace period of %v", grace)
	}
}
