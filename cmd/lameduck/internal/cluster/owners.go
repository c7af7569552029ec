package cluster

import (
	"context"

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
