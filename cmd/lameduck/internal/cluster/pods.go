package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func (o *observer) podChanged(pod *corev1.Pod, before bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pods[pod.UID]
	if p == nil {
		p = o.addPod(pod, before)
	}
	p.object = pod
	o.follow(p)
}

// addPod adds a pod that is seen for the first time.
func (o *observer) addPod(pod *corev1.Pod, before bool) *podSeen {
	p := &podSeen{name: o.uniqueName(pod.Name), object: pod, since: o.clock.Now(),
		deleted: timeline.Never, killing: timeline.Never, removedAt: timeline.Never}
	if before {
		p.since = 0
	}
	p.unready = p.since
	if s := o.status(pod); s != nil {
		p.restarts = s.RestartCount
	}
	o.pods[pod.UID], o.order = p, append(o.order, p)
	if state := o.shown[pod.UID]; state != absent { // its slice arrived first
		o.emitFor(p, timeline.Event{At: p.since, Source: timeline.SourceSlice, Kind: endpointKinds[state]})
	}
	return p
}

// findOwner finds out whether the workload controls a pod. That may take a
// request to the API server, so it has a goroutine of its own: the events of
// pods are timed when they arrive. A pod without a controller may get one
// later.
func (o *observer) findOwner(ctx context.Context, pod *corev1.Pod, before bool) {
	o.mu.Lock()
	own, known := o.own[pod.UID]
	o.mu.Unlock()
	if own {
		return
	}
	own, err := o.target.owners.own(ctx, o.client, pod)
	for err != nil {
		if kube.Sleep(ctx, poll) != nil {
			return
		}
		own, err = o.target.owners.own(ctx, o.client, pod)
	}
	o.mu.Lock()
	o.own[pod.UID] = own
	o.mu.Unlock()
	if !own && !known && !before && o.log != nil { // Find has named those that existed before
		fmt.Fprintln(o.log, "note:", o.target.noteOn(*pod))
	}
}

func (o *observer) uniqueName(name string) string {
	sameName := 1
	for _, other := range o.order {
		if other.object.Name == name {
			sameName++
		}
	}
	if sameName > 1 {
		return fmt.Sprintf("%s#%d", name, sameName)
	}
	return name
}

// follow emits what has changed in the pod since the last call.
func (o *observer) follow(p *podSeen) {
	now := o.clock.Now()
	status := o.status(p.object)
	if status != nil {
		o.followStart(p, status, now)
		o.followRestarts(p, status, now)
	}
	if p.object.DeletionTimestamp != nil && p.deleted == timeline.Never {
		p.deleted = now
		o.emitFor(p, timeline.Event{At: now, Source: timeline.SourceAPI, Kind: timeline.Deleted})
	}
	o.followReadiness(p, now)
	if status != nil && status.State.Terminated != nil && p.container != exited {
		o.exit(p, status.State.Terminated, now)
	}
}

// followStart: a container that exits soon may have ended when it is first seen to have
// started.
func (o *observer) followStart(p *podSeen, s *corev1.ContainerStatus, now time.Duration) {
	if p.container == notStarted && (s.State.Running != nil || s.State.Terminated != nil || s.RestartCount > p.restarts && hasRun(s)) {
		p.container = running
		o.emitFor(p, timeline.Event{At: now, Kind: timeline.Started})
	}
}

// hasRun reports whether the container ran before it was restarted: the runtime may
// have failed to start it.
func hasRun(s *corev1.ContainerStatus) bool {
	last := s.LastTerminationState.Terminated
	return last != nil && last.Reason != "StartError"
}

func (o *observer) followReadiness(p *podSeen, now time.Duration) {
	ready := conditionTrue(p.object, corev1.PodReady)
	if ready == p.ready {
		return
	}
	p.ready = ready
	if !ready {
		p.unready = now
	}
	switch {
	case ready:
		o.progressed(p, now)
		p.wasReady = true
		o.emitFor(p, timeline.Event{At: now, Kind: timeline.Ready})
	case p.deleted == timeline.Never:
		o.emitFor(p, timeline.Event{At: now, Kind: timeline.Unready})
	}
}

// followRestarts: a container that crashed, or was killed for its liveness
// probe, is no termination of the pod.
func (o *observer) followRestarts(p *podSeen, s *corev1.ContainerStatus, now time.Duration) {
	if s.RestartCount <= p.restarts {
		return
	}
	p.restarts = s.RestartCount
	last := s.LastTerminationState.Terminated
	if last != nil && !hasRun(s) {
		return
	}
	if last != nil && p.container != exited {
		o.exit(p, last, now)
	}
	o.emitFor(p, timeline.Event{At: now, Kind: timeline.Restarted})
	if p.container == exited {
		p.container = running
	}
	p.killing, p.stamp = timeline.Never, time.Time{}
}

// exit emits how the process ended. Only the exit code shows that the pod was
// killed at the end of its grace period: 128 + 9, neither by the OOM killer nor before.
func (o *observer) exit(p *podSeen, t *corev1.ContainerStateTerminated, now time.Duration) {
	p.container = exited
	if p.signal != nil {
		p.signal.Stop()
	}
	if p.deleted != timeline.Never && p.killing == timeline.Never {
		o.beginKilling(p, p.deleted, 0) // the kubelet's event got lost
	}
	at := p.exitedBy(t, now)
	code := int(t.ExitCode)
	if code == 137 && p.killing != timeline.Never && t.Reason != "OOMKilled" && !p.withinGrace(at) {
		o.emitFor(p, timeline.Event{At: at, Kind: timeline.Killed})
	}
	o.emitFor(p, timeline.Event{At: at, After: min(at, p.ranUntil(t)), Kind: timeline.Exited, Code: code, Signal: signalName(t), Detail: strings.TrimSpace(t.Message)})
}

func (o *observer) podDeleted(pod *corev1.Pod) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pods[pod.UID]
	if p == nil {
		return
	}
	p.object = pod
	o.follow(p) // the last state may arrive with the deletion
	p.removedAt = o.clock.Now()
	o.progressed(p, p.removedAt)
	if p.container == running {
		o.emitFor(p, timeline.Event{At: p.removedAt, Source: timeline.SourceAPI, Kind: timeline.Forced})
	}
}

// progressed notes that the workload made progress. A pod that becomes ready
// repeatedly is no progress.
func (o *observer) progressed(p *podSeen, now time.Duration) {
	if o.own[p.object.UID] && (p.removedAt != timeline.Never || !p.wasReady) {
		o.progress = now
	}
}
