package cluster

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// kubeletEvent takes an event of a kubelet. Only these events show when it
// began to stop a container: k8s.io/kubernetes, pkg/kubelet/events.
func (o *observer) kubeletEvent(e *corev1.Event, before bool) {
	if before {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pods[e.InvolvedObject.UID]
	if p == nil || p.container == exited {
		return
	}
	now := o.clock.Now()
	switch e.Reason {
	case "Killing":
		if p.killing == timeline.Never && o.ofContainer(e) {
			p.stamp = e.FirstTimestamp.Time
			o.beginKilling(p, now, o.hookSleep())
		}
	case "FailedPreStopHook":
		if o.ofContainer(e) {
			o.hookFailed(p, now, e.Message)
		}
	case "Evicted", "Preempting":
		o.emitFor(p, timeline.Event{At: now, Kind: timeline.Evicted, Detail: e.Reason + ": " + e.Message})
	}
}

// ofContainer reports whether the event is about the container that serves.
func (o *observer) ofContainer(e *corev1.Event) bool {
	path := e.InvolvedObject.FieldPath
	return path == "" || path == "spec.containers{"+o.container+"}"
}

func (o *observer) hookSleep() time.Duration {
	if o.preStop == nil || o.preStop.Sleep == nil {
		return 0
	}
	return *o.preStop.Sleep
}

// beginKilling: with a preStop hook the signal follows the hook. The end of a
// sleep is known; the end of another hook only if it fails.
func (o *observer) beginKilling(p *podSeen, at, sleep time.Duration) {
	p.killing = at
	if o.preStop == nil {
		o.signalled(p, at)
		return
	}
	o.emitFor(p, timeline.Event{At: at, Kind: timeline.PreStopStarted, Detail: described(o.preStop)})
	if sleep == 0 {
		return
	}
	p.signal = time.AfterFunc(sleep, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if p.container != exited {
			o.emitFor(p, timeline.Event{At: at + sleep, Kind: timeline.PreStopEnded})
			o.signalled(p, at+sleep)
		}
	})
}

// signalled: whether the process has a handler cannot be seen from here.
func (o *observer) signalled(p *podSeen, at time.Duration) {
	o.emitFor(p, timeline.Event{At: at, Kind: timeline.Signalled, HandlerUnknown: true})
}

// hookFailed: the signal follows immediately.
func (o *observer) hookFailed(p *podSeen, now time.Duration, why string) {
	if p.signal != nil {
		p.signal.Stop()
	}
	o.emitFor(p, timeline.Event{At: now, Kind: timeline.PreStopEnded, Detail: why})
	o.signalled(p, now)
}
