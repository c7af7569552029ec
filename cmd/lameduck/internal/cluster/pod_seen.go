package cluster

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// podSeen is one pod, as far as it has been seen.
type podSeen struct {
	name      string // unique in the run: a StatefulSet uses a name again
	object    *corev1.Pod
	since     time.Duration // first seen; 0 if it was there before
	deleted   time.Duration // its deletionTimestamp was seen, or Never
	killing   time.Duration // the kubelet began to stop it, or Never
	stamp     time.Time     // of that, by the clock of its node, or zero
	removedAt time.Duration // the object was gone, or Never
	unready   time.Duration // since when it is not ready, while it is not
	container containerState
	ready     bool
	wasReady  bool        // at some time
	signal    *time.Timer // to the end of a sleep hook
	restarts  int32
}

// containerState is how far the container that serves has come. A restart leads from
// exited back to running.
type containerState int

const (
	notStarted containerState = iota
	running
	exited
)

// active reports whether the pod has neither exited nor begun to terminate.
func (p *podSeen) active() bool {
	return p.deleted == timeline.Never && p.removedAt == timeline.Never && !ended(p.object)
}

// ended: the kubelet has ended the pod but the object remains, as after an
// eviction by the kubelet itself.
func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// exitedBy is the latest moment at which the process had exited. From a busy
// node the status arrives late, but it has that moment, in whole seconds of the
// node's clock. So has the event that the kubelet began to stop the pod: the
// time between the two does not depend on our clock.
func (p *podSeen) exitedBy(t *corev1.ContainerStateTerminated, now time.Duration) time.Duration {
	if p.stamp.IsZero() || t.FinishedAt.IsZero() {
		return now
	}
	after := t.FinishedAt.Sub(p.stamp) + time.Second
	return max(p.killing, min(now, p.killing+after))
}

// ranUntil is the earliest moment at which the process may have exited, by the same times; 0
// outside of a termination. Without them it is the start of that.
func (p *podSeen) ranUntil(t *corev1.ContainerStateTerminated) time.Duration {
	switch {
	case p.killing == timeline.Never:
		return 0
	case p.stamp.IsZero() || t.FinishedAt.IsZero():
		return p.killing
	}
	return max(p.killing, p.killing+t.FinishedAt.Sub(p.stamp)-time.Second)
}

// withinGrace reports whether a moment was surely before the end of the grace period.
func (p *podSeen) withinGrace(at time.Duration) bool {
	grace := p.object.DeletionGracePeriodSeconds
	return grace != nil && p.deleted != timeline.Never && at+Accuracy < p.deleted+time.Duration(*grace)*time.Second
}

// signalName is the signal that ended a process, if the runtime reports it.
func signalName(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason == "OOMKilled" || t.ExitCode == 137:
		return "SIGKILL"
	case t.ExitCode == 143:
		return "SIGTERM"
	}
	return ""
}

func conditionTrue(pod *corev1.Pod, kind corev1.PodConditionType) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// hasIP reports whether the address is one of the pod, which has one of each IP
// family of the cluster.
func (p *podSeen) hasIP(address string) bool {
	s := p.object.Status
	return s.PodIP == address || slices.Contains(s.PodIPs, corev1.PodIP{IP: address})
}
