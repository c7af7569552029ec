package cluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// poll is how often the workload's status is asked for while we wait.
const poll = 250 * time.Millisecond

// NeverReadyError names a pod that did not become ready in time, and what was
// seen of it.
type NeverReadyError struct{ Pod, Detail string }

func (e *NeverReadyError) Error() string { return e.Pod + " never became ready: " + e.Detail }

// NeverReady tells a trial what kind of error it is.
func (e *NeverReadyError) NeverReady() {}

// settled waits until the workload is as it should be again: the pods that
// had to go have gone, those that are wanted are available, and no other is
// left, in the slices neither.
func (s *Stage) settled(ctx context.Context, leaving []*corev1.Pod, want int) error {
	for {
		if s.observer.settled(leaving, want) {
			w, err := readWorkload(ctx, s.client, s.target.namespace, s.target.ref)
			if err != nil {
				return err
			}
			if w.behind == "" {
				return nil
			}
		}
		if err := s.observer.overdue(s.readyTimeout); err != nil {
			return err
		}
		if err := sleep(ctx, poll); err != nil {
			return err
		}
	}
}

// settled reports whether the pods that leave have gone, and so many others
// are ready and nothing else is there.
func (o *observer) settled(leaving []*corev1.Pod, want int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, pod := range leaving {
		if p := o.pods[pod.UID]; p != nil && p.goneAt == timeline.Never && !ended(p.object) {
			return false
		}
	}
	living := 0
	for uid, p := range o.pods {
		switch {
		case !o.own[uid]:
		case p.alive():
			if !p.ready || o.shown[uid] != ready && o.hasSlices() {
				return false
			}
			living++
		case p.goneAt == timeline.Never && !ended(p.object):
			return false // still terminating
		}
	}
	return living == want
}

// hasSlices is false while the Service has none, as one without ready pods.
func (o *observer) hasSlices() bool { return len(o.slices) > 0 }

// overdue is the error for a pod that has not become ready in time, or that has
// not been ready for so long, which is another thing: it has served clients.
func (o *observer) overdue(limit time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	for _, p := range o.order {
		if !o.counts(p) || p.ready || now-p.unready < limit {
			continue
		}
		why := o.whyNotReady(p)
		if p.wasReady {
			return hint.New(fmt.Errorf("%s was ready, and has not been for %v: %s", p.name, (now-p.unready).Round(time.Second), why),
				"kubectl describe pod "+p.object.Name+" -n "+p.object.Namespace+" shows more; --ready-timeout gives it longer")
		}
		o.say(p, timeline.Event{At: now, Kind: timeline.NeverReady, Detail: why})
		return hint.New(&NeverReadyError{p.name, why}, "kubectl describe pod "+p.object.Name+" -n "+p.object.Namespace+" shows more; --ready-timeout gives it longer")
	}
	return nil
}

// whyNotReady is what is known of a pod that should be ready by now.
func (o *observer) whyNotReady(p *podSeen) string {
	if s := o.status(p.object); s != nil {
		switch {
		case s.State.Waiting != nil:
			return fmt.Sprintf("waiting, %s: %s", s.State.Waiting.Reason, s.State.Waiting.Message)
		case s.State.Terminated != nil:
			return fmt.Sprintf("exited with code %d, %s", s.State.Terminated.ExitCode, s.State.Terminated.Reason)
		case s.State.Running != nil:
			return "it runs, but its readiness probe does not pass"
		}
	}
	for _, c := range p.object.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue {
			return "not scheduled: " + c.Message
		}
	}
	return "its phase is " + string(p.object.Status.Phase)
}

// living are the pods the workload counts on, in the order they were seen.
func (o *observer) living() []*corev1.Pod { return o.livingOn("") }

// livingOn are those on one node; "" means any.
func (o *observer) livingOn(node string) []*corev1.Pod {
	o.mu.Lock()
	defer o.mu.Unlock()
	var pods []*corev1.Pod
	for _, p := range o.order {
		if o.counts(p) && (node == "" || p.object.Spec.NodeName == node) {
			pods = append(pods, p.object)
		}
	}
	return pods
}
