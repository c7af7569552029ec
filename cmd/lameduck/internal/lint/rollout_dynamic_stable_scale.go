package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// The old pods are ended while the proxies still have to learn that the traffic has moved.
var ruleRolloutDynamicStableScale = rule{
	id:    "rollout-dynamic-stable-scale",
	title: "The Rollout ends old pods while traffic is moved",
	why: "With dynamicStableScale Argo Rollouts ends stable pods as soon as the canary has their share of the traffic. The proxies learn of the new weights and of the endpoints that are gone " +
		"one after the other: a proxy with old weights sends more to the few stable pods that are left, and to those that end. After an abort too few stable pods are left for all of the traffic.",
	sources: []string{
		"https://argoproj.github.io/argo-rollouts/features/canary/#dynamic-stable-scale-with-traffic-routing",
		"https://github.com/argoproj/argo-rollouts/issues/4926",
	},
	severity: Warning,
	check:    eachWorkload(rolloutDynamicStableScale),
}

func rolloutDynamicStableScale(w *model.Workload, r *report) {
	canary := w.Get("spec", "strategy", "canary")
	dynamic := canary.Get("dynamicStableScale")
	if !w.Is("argoproj.io", "Rollout") || !dynamic.True() || !canary.Get("trafficRouting").Present() {
		return
	}
	f := r.add(w.Object, dynamic, "dynamicStableScale: stable pods are ended while traffic is moved to the canary, before all proxies have the new weights").
		cure("set dynamicStableScale to false: the stable pods then stay until the canary has all of the traffic, and scaleDownDelaySeconds (default 30) after that").
		by(canary, []string{"dynamicStableScale"}, false)
	if len(w.Traffic()) > 0 {
		f.because("Service %s sends clients to the pods", w.Traffic()[0].Name)
	}
}
