package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A proxy has one address, so all of its clients are one client to the Service.
var ruleStickySessions = rule{
	id:    "sticky-sessions",
	title: "sessionAffinity ClientIP behind a proxy",
	why: "With sessionAffinity ClientIP all connections from one address go to one pod. Behind a proxy that address is the proxy's, for all of its clients: " +
		"one pod gets all of its traffic, and the replacement of that pod affects everything in flight.",
	sources: []string{
		"https://kubernetes.io/docs/reference/networking/virtual-ips/#session-affinity",
		"https://kubernetes.io/docs/concepts/services-networking/ingress/",
	},
	severity: Warning,
	check:    stickySessions,
}

func stickySessions(s *model.Set, r *report) {
	for _, svc := range s.Services {
		affinity := svc.Get("spec", "sessionAffinity")
		if affinity.Text() != "ClientIP" || len(svc.Workloads) == 0 || svc.MetricsOnly() {
			continue
		}
		if o := svc.Route; o != nil {
			r.add(svc.Object, affinity, "sessionAffinity ClientIP behind %s: the proxy is one client, and one pod gets all of its connections", o).
				because("%s routes to Service %s", o, svc.Name).
				cure("set sessionAffinity to None, and let the proxy keep sessions by a cookie where the application needs them")
		}
	}
}
