package cluster

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

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

// asking is how many polls there are between two questions for the workload,
// while pods have yet to become ready or to go.
const asking = 8

// settled waits until the workload is as its spec wants it to be: the pods that
// had to go have gone, as many as are wanted are available, and no other is
// left, in the slices neither. How many are wanted may change meanwhile, by an
// autoscaler or a person: expected is how many there were to be.
//
// It ends with an error if no pod has become ready or gone for as long as
// Kubernetes expects a rollout to get further in, unless the user has said how
// long an action may take.
func (s *Stage) settled(ctx context.Context, leaving []*corev1.Pod, expected int) error {
	begun := s.observer.clock.Now()
	for round := 0; ; round++ {
		calm, living := s.observer.calm(leaving)
		if calm || round%asking == 0 {
			done, err := s.asWanted(ctx, calm, living)
			if err != nil {
				return err
			}
			if done {
				s.noteReplicas(expected, living)
				return nil
			}
		}
		if err := s.observer.overdue(s.readyTimeout); err != nil {
			return err
		}
		if idle := s.observer.clock.Now() - max(begun, s.observer.lastProgress()); s.cfg.ActionTimeout == 0 && idle > s.target.progress {
			return s.unsettled(fmt.Errorf("%s: no pod has become ready or ended for %v", s.target, s.target.progress))
		}
		if err := sleep(ctx, poll); err != nil {
			return err
		}
	}
}

// asWanted asks the API server what the workload wants, and reports whether
// there are as many pods, all of the newest revision. An answer that does not
// come now may come at the next time.
func (s *Stage) asWanted(ctx context.Context, calm bool, living int) (bool, error) {
	w, err := readWorkload(ctx, s.client, s.target.namespace, s.target.ref)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return false, err
	case err != nil:
		s.lacking = err.Error()
		return false, nil
	case w.uid != s.target.uid:
		return false, hint.New(fmt.Errorf("%s was deleted, and made again, during the trial", s.target), "try again when nothing else changes it")
	case w.paused && s.action == Rollout:
		return false, hint.New(fmt.Errorf("the rollout of %s was paused during the trial", s.target), "kubectl rollout resume "+s.target.String()+" -n "+s.target.namespace)
	}
	s.lacking = cmp.Or(w.failure, w.behind, fmt.Sprintf("it wants %d pods, and has %d that have not begun to end", w.replicas, living))
	return calm && w.behind == "" && living == w.replicas, nil
}

// noteReplicas tells the user that there are not as many pods as expected, and
// expects as many from now on.
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

// unsettled adds to an error what the workload lacked at last.
func (s *Stage) unsettled(err error) error {
	if s.lacking != "" {
		err = fmt.Errorf("%w: %s", err, s.lacking)
	}
	return hint.New(err, "kubectl describe "+s.target.String()+" -n "+s.target.namespace+" shows why; --action-timeout gives it longer")
}

// lastProgress is when a pod of the workload became ready, or was gone, last.
func (o *observer) lastProgress() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.progress
}

// calm reports whether the pods that leave have gone, and all others are ready
// and nothing else is there; and how many there are.
func (o *observer) calm(leaving []*corev1.Pod) (calm bool, living int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	calm = true
	for _, pod := range leaving {
		if p := o.pods[pod.UID]; p != nil && p.goneAt == timeline.Never && !ended(p.object) {
			calm = false
		}
	}
	for uid, p := range o.pods {
		switch {
		case !o.own[uid]:
		case p.alive():
			living++
			calm = calm && p.ready && (o.shown[uid] == ready || !o.hasSlices())
		case p.goneAt == timeline.Never && !ended(p.object):
			calm = false // still terminating
		}
	}
	return calm, living
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
