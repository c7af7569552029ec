package cluster

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// workloadEvery is how many polls there are between two requests for the
// workload, while pods have yet to become ready or to exit.
const workloadEvery = 8

// settled waits until the workload is as its spec wants it to be: the removed
// pods no longer exist, as many as are wanted are available, and there is no
// other, nor in the slices. The number wanted may be changed meanwhile, by an
// autoscaler or a person: expected is the number before.
//
// It returns an error if no pod has become ready or exited for as long as
// Kubernetes expects a rollout to make progress, unless the user has limited
// the whole action.
func (s *Stage) settled(ctx context.Context, removed []*corev1.Pod, expected int) error {
	begun := s.observer.clock.Now()
	defer s.waitFor("")
	for round := 0; ; round++ {
		steady, activePods := s.observer.steady(removed)
		if steady || round%workloadEvery == 0 {
			done, err := s.matchesSpec(ctx, steady, activePods)
			if err != nil {
				return err
			}
			if done {
				s.noteReplicas(expected, activePods)
				return nil
			}
		}
		if err := s.observer.overdue(s.readyTimeout); err != nil {
			return err
		}
		s.waitFor(s.observer.waitedFor())
		if idle := s.observer.clock.Now() - max(begun, s.observer.lastProgress()); s.cfg.ActionTimeout == 0 && idle > s.target.progress {
			return s.unsettled(fmt.Errorf("%s: no pod has become ready or ended for %v", s.target, s.target.progress))
		}
		if err := kube.Sleep(ctx, poll); err != nil {
			return err
		}
	}
}

// matchesSpec asks the API server for the workload's spec, and reports whether
// there are as many pods, all of the newest revision. A failed request is
// repeated at the next poll.
func (s *Stage) matchesSpec(ctx context.Context, steady bool, activePods int) (bool, error) {
	w, err := readWorkload(ctx, s.client, s.target.namespace, s.target.ref)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return false, err
	case err != nil:
		s.problem = err.Error()
		return false, nil
	case w.uid != s.target.uid:
		return false, hint.New(fmt.Errorf("%s was deleted and created again during the trial", s.target), "try again when no one else changes it")
	case w.paused && s.action == timeline.Rollout:
		return false, hint.New(fmt.Errorf("the rollout of %s was paused during the trial", s.target), "kubectl rollout resume "+s.target.String()+" -n "+s.target.namespace)
	}
	s.problem = cmp.Or(w.failure, w.notRolledOut, fmt.Sprintf("the spec has %d replicas, and %d pods are active", w.replicas, activePods))
	return steady && w.notRolledOut == "" && activePods == w.replicas, nil
}

// noteReplicas writes a note that the number of pods is not the expected one,
// and expects as many from now on.
func (s *Stage) noteReplicas(expected, now int) {
	if now == expected {
		return
	}
	if s.cfg.Log != nil {
		fmt.Fprintf(s.cfg.Log, "note: %s was scaled from %d to %d during the trial, not by this tool\n", s.target, expected, now)
	}
	if expected == s.replicas {
		s.replicas = now
	}
}

// unsettled adds to an error what was last missing in the workload.
func (s *Stage) unsettled(err error) error {
	if s.problem != "" {
		err = fmt.Errorf("%w: %s", err, s.problem)
	}
	return hint.New(err, "kubectl describe "+s.target.String()+" -n "+s.target.namespace+" shows why; --action-timeout gives it longer")
}

// lastProgress is when a pod of the workload last became ready, or was removed.
func (o *observer) lastProgress() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.progress
}

// steady reports whether the removed pods no longer exist, all others are ready
// and there is nothing else; and how many active pods there are.
func (o *observer) steady(removed []*corev1.Pod) (steady bool, activePods int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	steady = true
	for _, pod := range removed {
		if p := o.pods[pod.UID]; p != nil && p.removedAt == timeline.Never && !ended(p.object) {
			steady = false
		}
	}
	for uid, p := range o.pods {
		switch {
		case !o.own[uid]:
		case p.active():
			activePods++
			steady = steady && p.ready && (o.shown[uid] == ready || !o.hasSlices())
		case p.removedAt == timeline.Never && !ended(p.object):
			steady = false // still terminating
		}
	}
	return steady, activePods
}

// hasSlices is false while the Service has none, as one without ready pods.
func (o *observer) hasSlices() bool { return len(o.slices) > 0 }

// overdue is the error for a pod that has not become ready in time, or that has
// not been ready for so long, which is another case: it has served clients.
func (o *observer) overdue(limit time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	for _, p := range o.order {
		if !o.isActive(p) || p.ready || now-p.unready < limit {
			continue
		}
		why := o.whyNotReady(p)
		if p.wasReady {
			return hint.New(fmt.Errorf("%s was ready, and has not been for %v: %s", p.name, (now-p.unready).Round(time.Second), why),
				"kubectl describe pod "+p.object.Name+" -n "+p.object.Namespace+" shows more; --ready-timeout gives it longer")
		}
		o.emitFor(p, timeline.Event{At: now, Kind: timeline.NeverReady, Detail: why})
		return hint.New(&timeline.NeverReadyError{Pod: p.name, Detail: why}, "kubectl describe pod "+p.object.Name+" -n "+p.object.Namespace+" shows more; --ready-timeout gives it longer")
	}
	return nil
}

// waitedFor describes the first pod that is not ready yet, or has yet to exit;
// empty if there is none.
func (o *observer) waitedFor() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	exiting := ""
	for _, p := range o.order {
		switch {
		case o.isActive(p) && !p.ready:
			return p.name + ": " + o.whyNotReady(p)
		case exiting == "" && o.own[p.object.UID] && !p.active() && p.removedAt == timeline.Never && !ended(p.object):
			exiting = p.name + " to exit"
		}
	}
	return exiting
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
			return "running, but its readiness probe does not pass"
		}
	}
	for _, c := range p.object.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue {
			return "not scheduled: " + c.Message
		}
	}
	return "in phase " + string(p.object.Status.Phase)
}

// activePods are the active pods of the workload, in the order they were seen.
func (o *observer) activePods() []*corev1.Pod { return o.activePodsOn("") }

// activePodsOn are those on one node; "" means any.
func (o *observer) activePodsOn(node string) []*corev1.Pod {
	o.mu.Lock()
	defer o.mu.Unlock()
	var pods []*corev1.Pod
	for _, p := range o.order {
		if o.isActive(p) && (node == "" || p.object.Spec.NodeName == node) {
			pods = append(pods, p.object)
		}
	}
	return pods
}
