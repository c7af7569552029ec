package lab

import (
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// add creates the pod. A pod of a StatefulSet has the name of the one before
// it; in the record it is numbered, as in web-0#2.
func (l *loop) add(m *podState) {
	l.created++
	m.number = l.created
	m.object = l.cfg.podName(m.number)
	if w := l.cfg.Workload; w.Kind == statefulSet {
		m.object = l.cfg.podName(w.Strategy.FirstOrdinal + m.ordinal)
	}
	l.sameName[m.object]++
	m.name = m.object
	if n := l.sameName[m.object]; n > 1 {
		m.name = fmt.Sprintf("%s#%d", m.object, n)
	}
	l.pods = append(l.pods, m)
	l.watch(m)
	l.running++
	go l.run(m)
}

// remove is the API's delete. The kubelet receives it a little later, without
// waiting for the slice controller.
func (l *loop) remove(pods []*podState) {
	for _, m := range pods {
		m.deleted = true
		l.emit(timeline.Event{Pod: m.name, Kind: timeline.Deleted})
		l.later(between(l.kubeletLag, kubeletLagMin, kubeletLagMax), func() {
			m.kubeletKnows = true
			l.terminate(m)
		})
	}
	l.sweep()
}

// terminate passes the delete to the pod as soon as it has started.
func (l *loop) terminate(m *podState) {
	if m.kubeletKnows && m.process != nil {
		m.process.Terminate(l.cfg.Workload.Pod.Grace)
	}
}

func (l *loop) started(m *podState, p process) {
	m.process = p
	l.terminate(m)
}

// startFailed is the end of a pod that could not be started. There is nothing
// to wait for.
func (l *loop) startFailed(m *podState, err error) {
	l.end(m)
	l.finish(err)
}

// podEnded is the end of a pod after all containers have exited.
func (l *loop) podEnded(m *podState, err error) {
	l.end(m)
	if err != nil {
		l.closeErrs = append(l.closeErrs, err)
	}
}

// end removes a pod that has exited from the endpoints. A pod that was not
// deleted remains as an object, so that it is not replaced endlessly.
func (l *loop) end(m *podState) {
	l.running--
	m.process, m.ended = nil, true
	l.sweep()
}

func (l *loop) sweep() {
	l.pods = slices.DeleteFunc(l.pods, func(m *podState) bool { return m.deleted && m.ended })
}

// run starts a pod and waits until it has exited, in a goroutine of its own. No
// event of the pod is handled before the one that it has started. When ctx ends
// the pod is killed immediately.
func (l *loop) run(m *podState) {
	var p process
	var err error
	launched := make(chan struct{})
	p, err = l.launch(l.ctx, m.object, address(m.number), func(e timeline.Event) {
		<-launched
		e.Pod = m.name
		status := ""
		if e.Kind == timeline.Exited {
			status = p.Status() // now, as a restart resets it
		}
		l.mail.post(func() { l.observe(m, e, status) })
	})
	if err != nil {
		l.mail.post(func() { l.startFailed(m, err) })
		return
	}
	l.mail.post(func() { l.started(m, p) })
	close(launched)
	select {
	case <-p.Done():
	case <-l.ctx.Done():
	}
	err = p.Close()
	<-p.Done()
	l.mail.post(func() { l.podEnded(m, err) })
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
	case timeline.Listening:
		m.everListened = true
	case timeline.Restarted:
		m.restarts++
	case timeline.Exited:
		l.nowUnready(m)
		if !m.everReady || l.op != nil && l.op.listening && !m.everListened {
			l.failOperation(m, status, exitAdvice(&e))
		}
	}
}

// exitAdvice is what to do about a process that exits before it is ready. A server that
// leaves its work to a process in the background ends the pod, with that process.
func exitAdvice(e *timeline.Event) string {
	if e.Code == 0 && e.Signal == "" {
		return "a pod ends with its first process: does the server go into the background? Run it in the foreground, as with -g 'daemon off;' of nginx, or see by hand why it exits"
	}
	return "run the command by hand to see why it exits"
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
