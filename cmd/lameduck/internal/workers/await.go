package workers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// await waits until all pods run, and returns them by their index. An error
// that waiting cannot change ends it immediately.
func (j job) await(ctx context.Context) ([]corev1.Pod, error) {
	var startError error
	for {
		pods, err := j.pods(ctx)
		switch {
		case apierrors.IsForbidden(err):
			return nil, err
		case err != nil && ctx.Err() == nil:
			startError = err
		case err == nil:
			var final bool
			if startError, final = j.startError(ctx, pods); final {
				return nil, startError
			}
			if startError == nil {
				return byIndex(pods)
			}
		}
		if startError != nil {
			j.cfg.Waiting(startError.Error())
		}
		if kube.Sleep(ctx, poll) != nil {
			return nil, fmt.Errorf("%d workers do not run after %v: %w", j.cfg.Count, j.cfg.StartTimeout, cmp.Or(startError, context.Cause(ctx)))
		}
	}
}

func byIndex(pods []corev1.Pod) ([]corev1.Pod, error) {
	index := map[string]int{}
	for i := range pods {
		n, err := completionIndex(&pods[i])
		if err != nil {
			return nil, fmt.Errorf("pod %s has no completion index: %w", pods[i].Name, err)
		}
		index[pods[i].Name] = n
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(index[a.Name], index[b.Name]) })
	return pods, nil
}

// startError is why not all workers run yet; nil if they do. It is final if
// waiting does not help.
func (j job) startError(ctx context.Context, pods []corev1.Pod) (err error, final bool) {
	for i := range pods {
		e, f := j.podStartError(ctx, &pods[i])
		if f {
			return e, true
		}
		err = cmp.Or(err, e)
	}
	if len(pods) >= j.cfg.Count {
		return err, false
	}
	if apiError := j.jobError(ctx); apiError != nil {
		return apiError, !transient(apiError)
	}
	return cmp.Or(err, fmt.Errorf("%d of %d pods are created", len(pods), j.cfg.Count)), false
}

// podStartError is why a pod does not run.
func (j job) podStartError(ctx context.Context, p *corev1.Pod) (err error, final bool) {
	if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded {
		return j.ended(ctx, p), true
	}
	for _, s := range p.Status.ContainerStatuses {
		switch w := s.State.Waiting; {
		case s.State.Running != nil:
			return nil, false
		case s.State.Terminated != nil:
			return j.ended(ctx, p), true
		case w != nil:
			return j.waiting(p, w), slices.Contains(finalReasons, w.Reason)
		}
	}
	for _, cond := range p.Status.Conditions {
		if cond.Type == corev1.PodScheduled && cond.Status == corev1.ConditionFalse {
			return hint.New(fmt.Errorf("pod %s cannot be scheduled: %s", p.Name, oneLine(cond.Message)),
				"choose fewer --workers, or free resources: each requests little, and any Linux node is suitable"), false
		}
	}
	return fmt.Errorf("pod %s is %s", p.Name, strings.ToLower(cmp.Or(string(p.Status.Phase), "new"))), false
}

// finalReasons are the reasons of a waiting container that waiting does not
// change. ErrImagePull is not one of them: the kubelet tries once more.
var finalReasons = []string{
	"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
	"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
}

func (j job) waiting(p *corev1.Pod, w *corev1.ContainerStateWaiting) error {
	what := strings.TrimSuffix(w.Reason+": "+oneLine(w.Message), ": ")
	if strings.Contains(w.Reason, "Image") {
		return hint.New(fmt.Errorf("node %s cannot pull the image %s (%s)", p.Spec.NodeName, j.cfg.Image, what),
			"push the image to a registry that the nodes can reach and name it with --image, or load it on every node (ctr -n k8s.io images import, kind load image-archive)")
	}
	return fmt.Errorf("pod %s waits (%s)", p.Name, what)
}

// jobError is why the Job could not create its pods, from its events, the only
// source. Nil if there is none, or they may not be read.
func (j job) jobError(ctx context.Context) error {
	events, err := kube.Events.List(ctx, j.cfg.Client, j.cfg.Namespace, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=Job,involvedObject.name=" + j.cfg.name() + ",reason=FailedCreate",
	})
	if err != nil {
		return nil
	}
	for _, e := range events.Items {
		if e.InvolvedObject.Name == j.cfg.name() && e.Reason == "FailedCreate" {
			return j.refusal(oneLine(e.Message))
		}
	}
	return nil
}

func (j job) refusal(message string) error {
	err := fmt.Errorf("the cluster refuses the pods of the workers: %s", message)
	switch {
	case strings.Contains(message, quota):
		return hint.New(err, quotaAdvice)
	case strings.Contains(message, "violates PodSecurity"), strings.Contains(message, "denied the request"):
		return hint.New(err, "the pods satisfy Pod Security \"restricted\", and a policy of the cluster requires more; --url sends the load from here, without pods in the cluster")
	}
	return err
}

// transient are refusals that waiting may change: a new namespace has no
// service account at first.
func transient(refusal error) bool {
	m := strings.ToLower(refusal.Error())
	return strings.Contains(m, "serviceaccount") || strings.Contains(m, "service account") || !strings.Contains(m, "forbidden") && !strings.Contains(m, "denied")
}
