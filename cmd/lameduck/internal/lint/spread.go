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

// missedBySelf is the only term of an anti-affinity, if it selects nothing that the
// set has, and nothing else spreads the pods. One that selects other pods means them.
func missedBySelf(w *workload, s *set) (apart, bool) {
	terms := w.antiAffinity()
	n, known := w.replicas()
	if len(terms) != 1 || len(w.constraints()) > 0 || known && n < 2 || w.Kind == "DaemonSet" {
		return apart{}, false
	}
	a := terms[0]
	selector := a.Get("labelSelector")
	if !selector.Present() || a.Get("namespaces").Present() || a.Get("namespaceSelector").Present() || a.selects(w) || len(s.selecting(w.Namespace, labelSelector(selector))) > 0 {
		return apart{}, false
	}
	return a, true
}

// hashes are the labels that controllers add to tell the versions of a pod apart.
var hashes = map[string]string{
	"Deployment":  "pod-template-hash",
	"ReplicaSet":  "pod-template-hash",
	"Rollout":     "rollouts-pod-template-hash",
	"StatefulSet": "controller-revision-hash",
	"DaemonSet":   "controller-revision-hash",
}

func isHash(name string) bool {
	for _, hash := range hashes {
		if name == hash {
			return true
		}
	}
	return false
}
