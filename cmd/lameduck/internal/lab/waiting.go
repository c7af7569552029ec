package lab

import (
	"fmt"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func (l *loop) finish(err error) {
	if l.op == nil {
		return
	}
	l.op.done <- err
	l.op = nil
	l.waiting.Store(new(""))
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
	l.finish(hint.New(&timeline.NeverReadyError{Pod: m.name, Detail: status}, advice))
}
