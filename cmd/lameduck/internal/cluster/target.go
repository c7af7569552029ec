package cluster

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// Target is what a trial tests: a workload, and the Service and the port
// through which clients connect.
type Target struct {
	*workload
	Manifest *manifest.Workload // its pod template
	service  *corev1.Service
	port     corev1.ServicePort
	owners   *owners
	Notes    []string // for the user, before the trial begins
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
