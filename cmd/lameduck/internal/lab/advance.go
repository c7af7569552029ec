package lab

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

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
	for _, m := range l.active() {
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

// advance starts the next step when the current one is complete: all pods
// exist, every terminated one has exited, and the nodes are updated. Changes
// while the nodes are being updated are not waited for, so a pod that flaps
// cannot hold it up.
func (l *loop) advance() {
	for l.op != nil {
		if l.op.version == 0 && l.steady() {
			l.op.version = l.latest.version
		}
		if l.op.version == 0 || !l.settled(l.op.version) || l.op.listening && !l.reached() {
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

// steady reports whether the pods are as the workload wants them, and there
// is no other.
func (l *loop) steady() bool {
	for _, m := range l.pods {
		if !l.available(m) || !l.upToDate(m) {
			return false
		}
	}
	return len(l.pods) == l.replicas
}

// abandon ends the operation of a caller that waits no longer. The controllers
// continue, as they do in Kubernetes when kubectl is interrupted.
func (l *loop) abandon(op *operation) {
	if l.op == op {
		l.op = nil
	}
}

// reached reports whether every pod listens on the port of the load. If a pod is
// ready and does not, it is inspected again after a while.
func (l *loop) reached() bool {
	for _, m := range l.active() {
		if m.process == nil {
			continue
		}
		why, final := m.process.Trouble()
		if why == "" {
			continue
		}
		waited := time.Since(m.readySince)
		if final || waited > l.cfg.ReadyTimeout {
			l.showOutput(m)
			l.finish(hint.New(fmt.Errorf("%s is ready, but %s", m.name, why), l.cfg.portAdvice()))
			return false
		}
		if waited > firstLook {
			l.waiting.Store(new(m.name + " is ready, but " + why))
		}
		if !l.op.looking {
			l.op.looking = true
			l.later(recheck, func() {
				if l.op != nil {
					l.op.looking = false
				}
			})
		}
		return false
	}
	return true
}

// recheck is the time between two looks at what a ready pod listens on.
const recheck = 50 * time.Millisecond
