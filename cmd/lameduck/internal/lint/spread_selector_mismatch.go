package lint

import (
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A constraint that counts other pods than its own spreads nothing.
var ruleSpreadSelectorMismatch = rule{
	id:    "spread-selector-mismatch",
	title: "A spread constraint or an anti-affinity does not select its own pods",
	why: "A topologySpreadConstraint counts the pods that its labelSelector selects, and an anti-affinity keeps away from them. Kubernetes does not compare the selector with the labels of the " +
		"pod that has it: one that selects other pods, or none, is accepted and spreads nothing: all pods may be on one node. matchLabelKeys adds labels of the pod to the selector; " +
		"a label that the pod does not have is ignored, and Kubernetes refuses one that the selector already has.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#spread-constraint-definition",
		"https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#implicit-conventions",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/3243-respect-pod-topology-spread-after-rolling-upgrades",
	},
	severity: Warning,
	check:    eachWorkload(spreadSelectorMismatch),
}

func spreadSelectorMismatch(w *model.Workload, r *report) {
	for _, a := range w.Constraints() {
		selector := a.Get("labelSelector")
		switch {
		case !selector.Present():
			f := r.add(w.Object, a.Value, "%s over %s has no labelSelector: it counts no pod and spreads none", a.What, a.TopologyKey()).
				cure("set labelSelector to the selector of %s", w)
			if a.Get("matchLabelKeys").Present() {
				f.as(Error).because("Kubernetes refuses matchLabelKeys without a labelSelector")
			}
		case !a.Selects(w):
			f := r.add(w.Object, selector, "labelSelector of the %s over %s does not select the pod's own labels: it spreads nothing", a.What, a.TopologyKey()).
				because("%s", w.Differs(model.LabelSelector(selector)))
			cureSelector(f, w, a)
		}
		checkKeys(w, a, r)
	}
	for _, a := range w.AntiAffinity() {
		checkKeys(w, a, r)
	}
	if a, ok := model.MissedBySelf(w, r.set); ok {
		f := r.add(w.Object, a.Get("labelSelector"), "labelSelector of the only %s selects neither the pod's own labels nor any other pod of these files: it keeps nothing apart", a.What).
			as(Info).because("%s", w.Differs(model.LabelSelector(a.Get("labelSelector"))))
		cureSelector(f, w, a)
	}
}

// cureSelector adds the advice to select the pods. --fix does not do so for a required
// term, which may then leave pods pending.
func cureSelector(f *Finding, w *model.Workload, a model.Apart) {
	labels := plainSelector(w.Object)
	if labels == nil {
		f.cure("set labelSelector to the selector of %s", w)
		return
	}
	f.cure("set matchLabels to {%s}", matched(w))
	if selector := a.Get("labelSelector"); !a.Required && !selector.Get("matchExpressions").Present() {
		f.by(selector, []string{"matchLabels"}, labels)
	}
}

// checkKeys reports matchLabelKeys that Kubernetes refuses, or that have no effect.
func checkKeys(w *model.Workload, a model.Apart, r *report) {
	selector := model.LabelSelector(a.Get("labelSelector"))
	for _, v := range a.Get("matchLabelKeys").Items() {
		name := v.Text()
		_, plain := selector.Labels[name]
		switch own := model.Hashes[w.Kind]; {
		case plain || slices.ContainsFunc(selector.Expressions, func(e model.Expression) bool { return e.Label == name }):
			r.add(w.Object, v, "matchLabelKeys of the %s has %s, and so has its labelSelector: Kubernetes refuses that", a.What, name).
				as(Error).cure("remove it from one of the two")
		case own != "" && own != name && model.IsHash(name):
			r.add(w.Object, v, "matchLabelKeys of the %s has %s, which the pods of a %s do not have: it is ignored, and a rollout counts old and new pods together", a.What, name, w.Kind).
				as(Info).cure("write %s", own).by(a.Value, []string{"matchLabelKeys", fmt.Sprint(slices.Index(a.Get("matchLabelKeys").Texts(), name))}, own)
		}
	}
}
