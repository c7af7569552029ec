package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// A Service whose selector has one wrong value has no endpoint.
var ruleServiceSelectsNothing = rule{
	id:    "service-selects-nothing",
	title: "A Service selects no pod",
	why: "A Service sends connections to the pods of its namespace that have each label of its selector, with the same value. One that selects none has no endpoint: kube-proxy refuses every " +
		"connection to it, and a proxy in front of it answers 503. Kubernetes accepts such a Service without a warning. It is reported if it is named after a workload whose pods it would " +
		"select but for the value of one label, and no other Service selects them: the pods of any other Service may come from an operator, or from another repository. The rules about traffic " +
		"find nothing at a workload that no Service selects.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service",
		"https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpointslices",
	},
	severity: Warning,
	check:    serviceSelectsNothing,
}

func serviceSelectsNothing(s *model.Set, r *report) {
	for _, svc := range s.Services {
		if len(svc.Workloads) > 0 || svc.Get("spec", "type").Text() == "ExternalName" {
			continue
		}
		w := s.Named(svc.Namespace, model.ServedBy(svc.Name))
		if w == nil {
			continue
		}
		selector := svc.Get("spec", "selector")
		if label, value, ok := w.MissedByOne(selector.Labels()); ok {
			r.add(svc.Object, selector.Field(label), "selects no pod of these files, although it is named after %s: it has no endpoint, and every connection to it is refused", w).
				because("%s", w.Differs(model.Selector{Labels: selector.Labels()})).
				cure("set %s in the selector to %s", label, quoted(value)).
				by(svc.Value, []string{"spec", "selector", label}, value)
		}
	}
}
