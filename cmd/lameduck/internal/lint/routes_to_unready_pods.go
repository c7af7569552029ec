package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// With publishNotReadyAddresses an endpoint is ready for as long as its pod exists.
var ruleRoutesToUnreadyPods = rule{
	id:    "routes-to-unready-pods",
	title: "The Service sends connections to pods that are not ready",
	why: "With publishNotReadyAddresses each endpoint counts as ready, also that of a pod that is being deleted. Proxies send it new connections " +
		"until the pod is gone: those that come after the server has closed its listener are refused, however long the pod drains.",
	sources: []string{
		"https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec",
		"https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready",
	},
	severity: Error,
	check:    routesToUnreadyPods,
}

func routesToUnreadyPods(s *model.Set, r *report) {
	for _, svc := range s.Services {
		publish := svc.Get("spec", "publishNotReadyAddresses")
		if !publish.True() || len(svc.Workloads) == 0 || svc.MetricsOnly() || svc.ForPeers() {
			continue
		}
		f := r.add(svc.Object, publish, "publishNotReadyAddresses: the pods of %s get new connections until they are gone, also after the server has closed its listener", svc.Workloads[0]).
			cure("remove publishNotReadyAddresses; where pods have to find each other before they are ready, give them a headless Service of their own").
			by(svc.Value, []string{"spec", "publishNotReadyAddresses"}, nil)
		if svc.Headless {
			f.as(Warning).because("the Service is headless: its clients take the addresses from DNS")
		}
	}
}
