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
// end here; readiness goes on until the process is gone.
func (p *Pod) stop(c *container, grace time.Duration, why string) {
	c.disarm()
	begin := time.Now()
	if p.plan.preStop != nil && grace > 0 {
		abandon := p.runPreStop(c, grace)
		defer abandon()
	}
	if c.gone {
		return
	}
	sig := p.plan.stopSignal
	// Told first: on a busy machine clients may see the effect before we are back.
	caught := c.Catches(sig)
	p.emit(timeline.Event{Kind: timeline.Signalled, Caught: caught, Detail: why})
	_ = c.Signal(sig) // if it has just ended, await tells
	if p.awaitFor(c, remaining(grace, time.Since(begin))) {
		return
	}
	p.emit(timeline.Event{Kind: timeline.Killed, Uncaught: caught && !c.Catches(sig)})
	_ = c.Signal(syscall.SIGKILL)
	p.await(unlimited, c)
}

func (p *Pod) awaitFor(c *container, d time.Duration) (exited bool) {
	ctx, cancel := context.WithTimeout(unlimited, d)
	defer cancel()
	return p.await(ctx, c)
}

// runPreStop waits for the hook, at most for the grace period. A hook that is
// abandoned then goes on until the container ends. That of a process which ends
// by itself goes on as well, and the pod waits for it.
func (p *Pod) runPreStop(c *container, grace time.Duration) (abandon func()) {
	p.emit(timeline.Event{Kind: timeline.PreStopStarted, Detail: p.plan.preStop.String()})
	hook, cancel := context.WithCancel(p.life)
	failed := make(chan error, 1)
	waiting, ended := context.WithTimeout(p.life, grace)
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
		return fmt.Sprintf("it did not end within the grace period of %v", grace)
	}
}
