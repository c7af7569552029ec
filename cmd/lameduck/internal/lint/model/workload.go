package model

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// DefaultGrace is terminationGracePeriodSeconds where a pod has none.
const DefaultGrace = 30

// IsWorkload reports whether o makes pods that go on until the kubelet ends them. A
// Job's pods end by themselves, and so do those of a Helm chart's hooks and tests.
func IsWorkload(o *object.Object) bool {
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

func newWorkload(o *object.Object) *Workload {
	w := &Workload{Object: o, Template: o.Get("spec", "template")}
	if o.Kind == "Pod" {
		w.Template = o.Value
	}
	w.Pod = w.Template.Get("spec")
	w.labels = w.Template.Get("metadata", "labels").Labels()
	for _, v := range w.Pod.Get("initContainers").Items() {
		if v.Get("restartPolicy").Text() == "Always" {
			w.Containers = append(w.Containers, newContainer(w, v, true))
		}
	}
	for _, v := range w.Pod.Get("containers").Items() {
		w.Containers = append(w.Containers, newContainer(w, v, false))
	}
	return w
}

// Grace is terminationGracePeriodSeconds: the seconds from the start of the preStop
// hooks to SIGKILL.
func (w *Workload) Grace() int { return w.Pod.Get("terminationGracePeriodSeconds").IntOr(DefaultGrace) }

// GraceAt is where the grace period is written, or could be.
func (w *Workload) GraceAt() object.Value { return w.Pod.Get("terminationGracePeriodSeconds") }

// GraceFrom is where the grace period comes from, for messages.
func (w *Workload) GraceFrom() string {
	if w.GraceAt().Present() {
		return fmt.Sprintf("terminationGracePeriodSeconds: %d", w.Grace())
	}
	return fmt.Sprintf("the pod sets no terminationGracePeriodSeconds: the default is %d", DefaultGrace)
}

// Replicas are the fewest pods that the workload has while nothing is wrong: the
// minimum of its autoscaler, else spec.replicas, 1 by default. Not known for
// a DaemonSet, which has one for each node, and for a scaler that may go to zero.
func (w *Workload) Replicas() (n int, known bool) {
	switch {
	case w.Kind == "DaemonSet":
		return 0, false
	case w.Kind == "Pod":
		return 1, true
	case w.Scaler != nil && w.Scaler.Kind == "ScaledObject":
		n = w.Scaler.Get("spec", "minReplicaCount").IntOr(0)
		return n, n > 0
	case w.Scaler != nil:
		return w.Scaler.Get("spec", "minReplicas").IntOr(1), true
	}
	if v := w.Get("spec", "replicas"); v.Present() {
		return v.Int()
	}
	return 1, true
}

// Sized reports whether the set has the number of replicas: otherwise it is 1, or
// an autoscaler that is elsewhere sets it.
func (w *Workload) Sized() bool {
	return w.Kind == "Pod" || w.Scaler != nil || w.Get("spec", "replicas").Present()
}

// ReplicasAt is where the number of replicas is written, or could be, and the
// object that has it.
func (w *Workload) ReplicasAt() (*object.Object, object.Value) {
	if w.Scaler != nil && w.Scaler.Kind == "ScaledObject" {
		return w.Scaler, w.Scaler.Get("spec", "minReplicaCount")
	}
	if w.Scaler != nil {
		return w.Scaler, w.Scaler.Get("spec", "minReplicas")
	}
	return w.Object, w.Get("spec", "replicas")
}
