package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Labels of nodes over which pods are spread.
const (
	hostname = "kubernetes.io/hostname"
	zone     = "topology.kubernetes.io/zone"
)

// apart is a topologySpreadConstraint, or a term of a podAntiAffinity: what keeps
// pods that it selects away from each other.
type apart struct {
	object.Value        // has labelSelector, topologyKey, matchLabelKeys
	required     bool   // pods stay pending otherwise
	field        string // what it is called
}

func (a apart) key() string { return a.Get("topologyKey").Text() }

// selects reports whether pods of w are among those that are kept apart.
func (a apart) selects(w *workload) bool {
	return labelSelector(a.Get("labelSelector")).selects(w.labels)
}

// constraints are the topologySpreadConstraints of the pods.
func (w *workload) constraints() []apart {
	var all []apart
	for _, v := range w.pod.Get("topologySpreadConstraints").Items() {
		all = append(all, apart{v, v.Get("whenUnsatisfiable").Text() != "ScheduleAnyway", "topologySpreadConstraint"})
	}
	return all
}

// antiAffinity are the terms of the podAntiAffinity of the pods.
func (w *workload) antiAffinity() []apart {
	var all []apart
	anti := w.pod.Get("affinity", "podAntiAffinity")
	for _, v := range anti.Get("requiredDuringSchedulingIgnoredDuringExecution").Items() {
		all = append(all, apart{v, true, "podAntiAffinity"})
	}
	for _, v := range anti.Get("preferredDuringSchedulingIgnoredDuringExecution").Items() {
		all = append(all, apart{v.Get("podAffinityTerm"), false, "podAntiAffinity"})
	}
	return all
}

// spreadOver reports whether something keeps the pods of w apart over nodes with
// different values of the label.
func (w *workload) spreadOver(key string) bool {
	holds := func(a apart) bool { return a.key() == key && a.selects(w) }
	return slices.ContainsFunc(w.constraints(), holds) || slices.ContainsFunc(w.antiAffinity(), holds)
}
