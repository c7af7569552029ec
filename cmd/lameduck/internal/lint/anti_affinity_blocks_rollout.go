package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A required anti-affinity gives each pod a node of its own, the additional one of
// a rollout too.
var ruleAntiAffinityBlocksRollout = rule{
	id:    "anti-affinity-blocks-rollout",
	title: "A required anti-affinity leaves a rollout no node for the new pod",
	why: "With a required podAntiAffinity no two of the pods are on one node. A rollout with maxUnavailable 0 (25% of fewer than four pods, rounded down) has to start the new " +
		"pod before it ends an old one: it needs one node more than there are pods. Where there is none the new pod stays pending and the rollout waits for ever. " +
		"matchLabelKeys: [pod-template-hash] (Kubernetes 1.31) keeps only pods of the same version apart.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#matchlabelkeys",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/3633-matchlabelkeys-to-podaffinity",
		"https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable",
	},
	severity: Info,
	check:    eachWorkload(antiAffinityBlocksRollout),
}

func antiAffinityBlocksRollout(w *model.Workload, r *report) {
	n, known := w.Replicas()
	ro, ok := w.Rolling(n)
	if !known || n == 0 || !ok || ro.Unavailable > 0 {
		return
	}
	hash := model.Hashes[w.Kind]
	for _, a := range w.AntiAffinity() {
		if !a.Required || !a.Selects(w) || slices.Contains(a.Get("matchLabelKeys").Texts(), hash) {
			continue
		}
		place := "nodes"
		if a.TopologyKey() != model.Hostname {
			place = "values of " + a.TopologyKey()
		}
		f := r.add(w.Object, a.Value, "a rollout of %s needs %d %s: the required podAntiAffinity keeps the new pod from those that have an old one, and no old pod may end first", finding.Count(n, "pod"), n+1, place).
			because("%s", ro.Because)
		if a.TopologyKey() == model.Zone && n >= 3 {
			f.as(Warning) // few regions have a fourth zone
		}
		otherwise := "set maxUnavailable to 1"
		if n == 1 { // the only pod may not end first
			otherwise = "move the term to preferredDuringSchedulingIgnoredDuringExecution"
		}
		if hash == "" {
			f.cure("%s", otherwise)
			return
		}
		f.cure("set matchLabelKeys of the term to [%s] (Kubernetes 1.31; the rollout that adds it still needs %d %s), or %s", hash, n+1, place, otherwise)
		if !a.Get("matchLabelKeys").Present() {
			f.by(a.Value, []string{"matchLabelKeys"}, []string{hash})
		}
		return
	}
}
