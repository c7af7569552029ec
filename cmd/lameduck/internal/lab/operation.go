package lab

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// NeverReadyError names the pod that did not become ready in time, and what was
// seen of it. A trial may report it as a finding.
type NeverReadyError struct {
	Pod    string
	Detail string
}

// NeverReady marks the kind of error for a trial.
func (e *NeverReadyError) NeverReady() {}

func (e *NeverReadyError) Error() string { return e.Pod + " never became ready: " + e.Detail }

var (
	errBusy       = errors.New("another action is running")
	errNotStarted = errors.New("no pod is running yet")
)

// operation is what a caller waits for. Each step begins when the one before
// is complete.
type operation struct {
	steps     []func()
	version   int        // the slice that every node has to apply; 0: the pods are not steady yet
	listening bool       // the pods have to listen on the port of the load as well
	looking   bool       // reached will be asked again
	done      chan error // receives once
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

// upToDate reports whether a rollout leaves the pod as it is.
func (l *loop) upToDate(m *podState) bool {
	switch w := l.cfg.Workload; {
	case w.Strategy.Type == "OnDelete":
		return true
	case w.Kind == statefulSet:
		return m.revision == l.revisionOf(m.ordinal)
	}
	return m.revision == l.revision
}

func (l *loop) finish(err error) {
	if l.op == nil {
		return
	}
	l.op.done <- err
	l.op = nil
	l.waiting.Store(new(""))
}

// abandon is for a caller that does not wait any longer. The controllers
// continue, as they do in Kubernetes when kubectl is interrupted.
func (l *loop) abandon(op *operation) {
	if l.op == op {
		l.op = nil
	}
}

// observe emits an event of a pod and notes what the controllers need. When the
// pod has exited, status is how.
func (l *loop) observe(m *podState, e timeline.Event, status string) {
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
			l.failOperation(m, status, "run the command by hand to see why it exits")
		}
	}
}

func (l *loop) nowReady(m *podState) {
	m.passed, m.everReady, m.readySince = true, true, l.due
	// When it has been ready for minReadySeconds the controllers have to run again.
	l.later(l.cfg.Workload.MinReady, func() {})
}

func (l *loop) nowUnready(m *podState) {
	wasAvailable := l.available(m)
	m.passed = false
	if wasAvailable {
		l.watch(m)
	}
}

// watch gives the pod ReadyTimeout, and minReadySeconds on top, to become
// available from now on: the Deployment's progressDeadlineSeconds.
func (l *loop) watch(m *podState) {
	since, limit := time.Now(), l.cfg.ReadyTimeout+l.cfg.Workload.MinReady
	m.waitingSince = since
	l.lookAfter(m, since)
	l.later(limit, func() {
		if m.waitingSince.Equal(since) && !l.available(m) {
			l.failOperation(m, fmt.Sprintf("after %v %s", limit, m.status()), "check the port and the readiness probe")
		}
	})
}

// firstLook is when a pod that is not available yet is first inspected; then it
// is every second.
const firstLook, nextLook = 2 * time.Second, time.Second

// lookAfter inspects a pod that is waited for, until it is available: the user
// sees why it is not, and does not wait for what cannot change.
func (l *loop) lookAfter(m *podState, since time.Time) {
	l.later(firstLook, func() { l.look(m, since) })
}

func (l *loop) look(m *podState, since time.Time) {
	if !m.waitingSince.Equal(since) || l.op == nil {
		return
	}
	if m.ready() || m.deleted || m.ended {
		if strings.HasPrefix(*l.waiting.Load(), m.name+": ") {
			l.waiting.Store(new(""))
		}
		return
	}
	if m.process != nil {
		if why, final := m.process.Trouble(); final {
			l.failOperation(m, why, l.cfg.portAdvice())
			return
		}
	}
	l.waiting.Store(new(m.name + ": " + m.status()))
	l.later(nextLook, func() { l.look(m, since) })
}

// portAdvice is what to do about a process that cannot be reached. Without a
// manifest there is nothing to choose from.
func (c *Config) portAdvice() string {
	if c.ReadyByConnecting {
		return "let the process listen on all addresses; --port names the port if it has several"
	}
	return "correct the port or the address; --service and --port choose among those of the manifest"
}

// reached reports whether every pod listens on the port of the load. Where a
// pod is ready without, it calls for another look.
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

// outputShown is how many of the last lines of a pod are shown when it does not
// become ready.
const outputShown = 10

// showOutput shows the last lines of a pod, unless all are shown anyway.
func (l *loop) showOutput(m *podState) {
	if m.process == nil {
		return
	}
	last := m.process.LastOutput()
	for _, line := range last[max(0, len(last)-outputShown):] {
		fmt.Fprintf(l.cfg.LastLines, "%s | %s\n", m.name, line)
	}
}

// failOperation ends the current operation, which cannot be completed without
// this pod. A pod that is being deleted anyway does not matter.
func (l *loop) failOperation(m *podState, status, advice string) {
	if l.op == nil || m.deleted || !l.upToDate(m) {
		return
	}
	l.showOutput(m)
	l.emit(timeline.Event{Pod: m.name, Kind: timeline.NeverReady, Detail: status})
	l.finish(hint.New(&NeverReadyError{m.name, status}, advice))
}
