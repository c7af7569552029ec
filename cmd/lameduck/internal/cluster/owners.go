package cluster

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// owners knows which pods are those of a workload. Labels do not show that: a
// second Deployment, a Job or a pod made for debugging may have them as well.
// The controller of a pod does: it is the workload, or a ReplicaSet that the
// workload controls.
type owners struct {
	workload    types.UID
	replicaSets map[types.UID]bool // the known ones, and whether the workload controls them
}

func newOwners(w *workload) *owners {
	return &owners{workload: w.uid, replicaSets: map[types.UID]bool{}}
}

// own reports whether the workload controls the pod. It asks the API server for
// a ReplicaSet that is not known yet.
func (w *owners) own(ctx context.Context, c dynamic.Interface, pod *corev1.Pod) (bool, error) {
	controller := metav1.GetControllerOf(pod)
	switch {
	case controller == nil:
		return false, nil
	case controller.Kind != "ReplicaSet":
		return controller.UID == w.workload, nil
	}
	if own, known := w.replicaSets[controller.UID]; known {
		return own, nil
	}
	rs, err := kube.ReplicaSets.Get(ctx, c, pod.Namespace, controller.Name)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, apiError(err, "get", "apps", "replicasets", pod.Namespace)
	}
	above := metav1.GetControllerOf(rs)
	own := rs.UID == controller.UID && above != nil && above.UID == w.workload
	w.replicaSets[controller.UID] = own
	return own, nil
}

// others are the pods that have the labels of the workload, and that the
// workload does not control. Pods that have exited do not matter.
func (t *Target) others(ctx context.Context, c dynamic.Interface) ([]corev1.Pod, error) {
	list, err := kube.Pods.List(ctx, c, t.namespace, metav1.ListOptions{LabelSelector: t.selector.String()})
	if err != nil {
		return nil, apiError(err, "list", "", "pods", t.namespace)
	}
	var others []corev1.Pod
	for i := range list.Items {
		pod := &list.Items[i]
		own, err := t.owners.own(ctx, c, pod)
		if err != nil {
			return nil, err
		}
		if !own && !ended(pod) {
			others = append(others, *pod)
		}
	}
	return others, nil
}

// mostNamed is how many pods a note names.
const mostNamed = 5

// noteOn is the note about pods of other controllers. What clients see of them
// is recorded: where they are endpoints of the Service, connections are routed
// to them.
func (t *Target) noteOn(others ...corev1.Pod) string {
	var names []string
	for i := range others[:min(mostNamed, len(others))] {
		names = append(names, withController(&others[i]))
	}
	if more := len(others) - mostNamed; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("not of %s, but with the same labels: %s; the action does not change them, and connections may be routed to them", t, strings.Join(names, ", "))
}

func withController(pod *corev1.Pod) string {
	if c := metav1.GetControllerOf(pod); c != nil {
		return fmt.Sprintf("pod/%s of %s/%s", pod.Name, strings.ToLower(c.Kind), c.Name)
	}
	return "pod/" + pod.Name
}
