package model

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Labels of nodes over which pods are spread.
const (
	Hostname = "kubernetes.io/hostname"
	Zone     = "topology.kubernetes.io/zone"
)

// Apart is a topologySpreadConstraint, or a term of a podAntiAffinity: what keeps
// pods that it selects away from each other.
type Apart struct {
	object.Value        // has labelSelector, topologyKey, matchLabelKeys
	Required     bool   // pods stay pending otherwise
	What         string // what it is called
}

func (a Apart) TopologyKey() string { return a.Get("topologyKey").Text() }

// Selects reports whether pods of w are among those that are kept apart.
func (a Apart) Selects(w *Workload) bool {
	return LabelSelector(a.Get("labelSelector")).selects(w.labels)
}

// Constraints are the topologySpreadConstraints of the pods.
func (w *Workload) Constraints() []Apart {
	var all []Apart
	for _, v := range w.Pod.Get("topologySpreadConstraints").Items() {
		all = append(all, Apart{v, v.Get("whenUnsatisfiable").Text() != "ScheduleAnyway", "topologySpreadConstraint"})
	}
	return all
}

// AntiAffinity are the terms of the podAntiAffinity of the pods.
func (w *Workload) AntiAffinity() []Apart {
	var all []Apart
	anti := w.Pod.Get("affinity", "podAntiAffinity")
	for _, v := range anti.Get("requiredDuringSchedulingIgnoredDuringExecution").Items() {
		all = append(all, Apart{v, true, "podAntiAffinity"})
	}
	for _, v := range anti.Get("preferredDuringSchedulingIgnoredDuringExecution").Items() {
		all = append(all, Apart{v.Get("podAffinityTerm"), false, "podAntiAffinity"})
	}
	return all
}

// SpreadOver reports whether something keeps the pods of w apart over nodes with
// different values of the label.
func (w *Workload) SpreadOver(key string) bool {
	holds := func(a Apart) bool { return a.TopologyKey() == key && a.Selects(w) }
	return slices.ContainsFunc(w.Constraints(), holds) || slices.ContainsFunc(w.AntiAffinity(), holds)
}

// MissedBySelf is the only term of an anti-affinity, if it selects no pod of the set, and
// nothing else spreads the pods. A term that selects other pods is meant for those.
func MissedBySelf(w *Workload, s *Set) (Apart, bool) {
	terms := w.AntiAffinity()
	n, known := w.Replicas()
	if len(terms) != 1 || len(w.Constraints()) > 0 || known && n < 2 || w.Kind == "DaemonSet" {
		return Apart{}, false
	}
	a := terms[0]
	selector := a.Get("labelSelector")
	if !selector.Present() || a.Get("namespaces").Present() || a.Get("namespaceSelector").Present() || a.Selects(w) || len(s.selecting(w.Namespace, LabelSelector(selector))) > 0 {
		return Apart{}, false
	}
	return a, true
}

// Hashes are the labels that controllers add to tell the versions of a pod apart.
var Hashes = map[string]string{
	"Deployment":  "pod-template-hash",
	"ReplicaSet":  "pod-template-hash",
	"Rollout":     "rollouts-pod-template-hash",
	"StatefulSet": "controller-revision-hash",
	"DaemonSet":   "controller-revision-hash",
}

// IsHash reports whether a controller adds the label of that name.
func IsHash(name string) bool {
	for _, hash := range Hashes {
		if name == hash {
			return true
		}
	}
	return false
}
