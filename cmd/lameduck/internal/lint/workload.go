package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// defaultGrace is terminationGracePeriodSeconds where a pod has none.
const defaultGrace = 30

// isWorkload reports whether o makes pods that go on until the kubelet ends them. A
// Job's pods end by themselves, and so do those of a Helm chart's hooks and tests.
func isWorkload(o *object.Object) bool {
	if o.Annotation("helm.sh/hook").Present() || o.Kind == "Pod" && endsByItself(o) {
		return false
	}
	switch o.Group {
	case "":
		return o.Kind == "Pod" || o.Kind == "ReplicationController"
	case "apps", "extensions":
		return o.Kind == "Deployment" || o.Kind == "StatefulSet" || o.Kind == "DaemonSet" || o.Kind == "ReplicaSet"
	case "argoproj.io":
		return o.Kind == "Rollout"
	case "apps.kruise.io":
		return o.Kind == "CloneSet" || o.Kind == "StatefulSet" || o.Kind == "DaemonSet"
	}
	return false
}

// endsByItself reports whether a Pod runs once.
func endsByItself(o *object.Object) bool {
	restart := o.Get("spec", "restartPolicy").Text()
	return restart == "Never" || restart == "OnFailure"
}

func newWorkload(o *object.Object) *workload {
	w := &workload{Object: o, template: o.Get("spec", "template")}
	if o.Kind == "Pod" {
		w.template = o.Value
	}
	w.pod = w.template.Get("spec")
	w.labels = w.template.Get("metadata", "labels").Labels()
	for _, v := range w.pod.Get("initContainers").Items() {
		if v.Get("restartPolicy").Text() == "Always" {
			w.containers = append(w.containers, newContainer(w, v, true))
		}
	}
	for _, v := range w.pod.Get("containers").Items() {
		w.containers = append(w.containers, newContainer(w, v, false))
	}
	return w
}

// grace is terminationGracePeriodSeconds: the seconds from the start of the preStop
// hooks to SIGKILL.
func (w *workload) grace() int { return w.pod.Get("terminationGracePeriodSeconds").IntOr(defaultGrace) }

// graceAt is where the grace period is written, or could be.
func (w *workload) graceAt() object.Value { return w.pod.Get("terminationGracePeriodSeconds") }

// graceFrom is where the grace period is from, for messages.
func (w *workload) graceFrom() string {
	if w.graceAt().Present() {
		return fmt.Sprintf("terminationGracePeriodSeconds: %d", w.grace())
	}
	return fmt.Sprintf("the pod sets no terminationGracePeriodSeconds: the default is %d", defaultGrace)
}

// replicas are the fewest pods that the workload has while nothing is wrong: the
// minimum of its autoscaler, else spec.replicas, 1 by default. Not known for
// a DaemonSet, which has one for each node, and for a scaler that may go to zero.
func (w *workload) replicas() (n int, known bool) {
	switch {
	case w.Kind == "DaemonSet":
		return 0, false
	case w.Kind == "Pod":
		return 1, true
	case w.scaler != nil && w.scaler.Kind == "ScaledObject":
		n = w.scaler.Get("spec", "minReplicaCount").IntOr(0)
		return n, n > 0
	case w.scaler != nil:
		return w.scaler.Get("spec", "minReplicas").IntOr(1), true
	}
	if v := w.Get("spec", "replicas"); v.Present() {
		return v.Int()
	}
	return 1, true
}

// sized reports whether the set has the number of replicas: otherwise it is 1, or
// an autoscaler that is elsewhere sets it.
func (w *workload) sized() bool {
	return w.Kind == "Pod" || w.scaler != nil || w.Get("spec", "replicas").Present()
}

// replicasAt is where the number of replicas is written, or could be, and the
// object that has it.
func (w *workload) replicasAt() (*object.Object, object.Value) {
	if w.scaler != nil && w.scaler.Kind == "ScaledObject" {
		return w.scaler, w.scaler.Get("spec", "minReplicaCount")
	}
	if w.scaler != nil {
		return w.scaler, w.scaler.Get("spec", "minReplicas")
	}
	return w.Object, w.Get("spec", "replicas")
}
