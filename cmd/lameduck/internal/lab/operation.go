package lab

import (
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// NeverReadyError says which pod was waited for in vain, and what was seen of
// it instead. A trial may report it as a finding.
type NeverReadyError struct {
	Pod    string
	Detail string
}

// NeverReady tells a trial what kind of error it is.
func (e *NeverReadyError) NeverReady() {}

func (e *NeverReadyError) Error() string { return e.Pod + " never became ready: " + e.Detail }

var (
	errBusy       = errors.New("another action is under way")
	errNotStarted = errors.New("no pod is running yet")
)

// operation is what a caller waits for. Each step begins when the one before
// is complete.
type operation struct {
	steps   []func()
	version int        // the slice that every node has to know; 0: the pods are not steady yet
	done    chan error // receives once
}

// begin starts an operation; plan names its steps.
func (l *loop) begin(op *operation, plan func() ([]func(), error)) {
	steps, err := plan()
	switch {
	case l.ctx.Err() != nil:
		err = errClosed
	case l.op != nil:
		err = errBusy
	}
	if err != nil {
		op.done <- err
		return
	}
	l.op = op
	op.steps = steps
	for _, m := range l.live() {
		if !l.available(m) {
			l.watch(m)
		}
	}
	l.step()
}

func (l *loop) step() {
	next := l.op.steps[0]
	l.op.steps, l.op.version = l.op.steps[1:], 0
	next()
}

// advance moves on when the step under way is complete: all pods are there,
// every terminated one is gone, and the nodes know it. What changes while the
// nodes learn that is not waited for, so a pod that flaps cannot hold it up.
func (l *loop) advance() {
	for l.op != nil {
		if l.op.version == 0 && l.steady() {
			l.op.version = l.latest.version
		}
		if l.op.version == 0 || !l.settled(l.op.version) {
			return
		}
		if len(l.op.steps) == 0 {
			l.finish(nil)
			return
		}
		l.step()
		l.reconcile()
		l.publish()
	}
}

// steady reports whether the pods are as the Deployment wants them, and no
// other is left.
func (l *loop) steady() bool {
	young, _ := l.split()
	return len(l.pods) == l.replicas && l.countAvailable(young) == l.replicas
}

func (l *loop) finish(err error) {
	if l.op == nil {
		return
	}
	l.op.done <- err
	l.op = nil
}

// abandon is for a caller who does not wait any longer. The controllers go on,
// as they do in Kubernetes when kubectl is interrupted.
func (l *loop) abandon(op *operation) {
	if l.op == op {
		l.op = nil
	}
}

// observe passes an event of a pod on and notes what the controllers look at.
// When the pod has exited, seen is how.
func (l *loop) observe(m *member, e timeline.Event, seen string) {
	l.cfg.Emit(e)
	switch e.Kind {
	case timeline.Ready:
		l.nowReady(m)
	case timeline.Unready:
		l.nowUnready(m)
	case timeline.Restarted:
		m.restarts++
	case timeline.Exited:
		l.nowUnready(m)
		if !m.everReady {
			l.giveUp(m, seen, "run the command by itself to see why it ends")
		}
	}
}

func (l *loop) nowReady(m *member) {
	m.passed, m.everReady, m.readySince = true, true, time.Now()
	// When it has been ready for minReadySeconds the controllers have to look again.
	l.later(l.cfg.Workload.MinReady, func() {})
}

func (l *loop) nowUnready(m *member) {
	wasAvailable := l.available(m)
	m.passed = false
	if wasAvailable {
		l.watch(m)
	}
}

// watch gives the pod ReadyTimeout, and minReadySeconds on top, to become
// available from now on: the Deployment's progressDeadlineSeconds.
func (l *loop) watch(m *member) {
	since, limit := time.Now(), l.cfg.ReadyTimeout+l.cfg.Workload.MinReady
	m.waitingSince = since
	l.later(limit, func() {
		if m.waitingSince.Equal(since) && !l.available(m) {
			l.giveUp(m, fmt.Sprintf("after %v %s", limit, m.seen()), "check the port and the readiness probe")
		}
	})
}

// giveUp ends the operation under way, which cannot be completed without this
// pod. A pod that is to go anyway is not missed.
func (l *loop) giveUp(m *member, seen, advice string) {
	if l.op == nil || m.deleted || m.revision != l.revision {
		return
	}
	l.emit(m.name, timeline.NeverReady, 0, seen)
	l.finish(hint.New(&NeverReadyError{m.name, seen}, advice))
}
