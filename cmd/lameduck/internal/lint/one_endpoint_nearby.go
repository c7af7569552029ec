package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// Where clients use only the endpoints near them, a single endpoint there is as fragile as
// a single replica.
var ruleOneEndpointNearby = rule{
	id:    "one-endpoint-nearby",
	title: "Clients use only the endpoints near them, and there is only one",
	why: "internalTrafficPolicy: Local leaves the clients of a node nothing but the pods on it: while the only one is replaced, their connections are dropped. " +
		"trafficDistribution falls back to the other nodes or zones as soon as the only endpoint nearby terminates; but all clients there lose it at the same time, " +
		"and connect again to pods that are not sized for their load.",
	sources: []string{
		"https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies",
		"https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution",
		"https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/",
	},
	severity: Warning,
	check:    eachWorkload(oneEndpointNearby),
}

func oneEndpointNearby(w *model.Workload, r *report) {
	for _, s := range w.Traffic() {
		local := s.Get("spec", "internalTrafficPolicy")
		near := s.Get("spec", "trafficDistribution")
		n, known := w.Replicas()
		switch {
		case w.Kind == "DaemonSet" && local.Text() == "Local" && !w.Surges():
			r.add(s.Object, local, "leaves the clients of a node the one pod of %s there: at each rollout they have no endpoint until its replacement is ready", w).
				because("internalTrafficPolicy: Local, and a rollout without maxSurge ends the old pod first").
				cure("%s", surgeOr(w, "set internalTrafficPolicy to Cluster"))
		case near.Text() == "PreferSameNode" && (w.Kind == "DaemonSet" && !w.Surges() || w.SpreadOver(model.Hostname)):
			r.add(s.Object, near, "prefers the one pod of %s on the client's node: all clients of the node lose it at the same time", w).
				as(Info).cure("%s", surgeOr(w, "set trafficDistribution to PreferSameZone"))
		case (near.Text() == "PreferSameZone" || near.Text() == "PreferClose") && known && n > 1 && n <= 3 && w.SpreadOver(model.Zone):
			r.add(s.Object, near, "%s and %d replicas of %s, spread over zones, leave one endpoint in a zone: all clients of the zone lose it at the same time", near.Text(), n, w).
				as(Info).cure("run two replicas for each zone: set replicas to %d", 2*n)
		}
	}
}

// surgeOr is the advice to let a DaemonSet start the new pod first; if it cannot, otherwise.
func surgeOr(w *model.Workload, otherwise string) string {
	if w.Kind != "DaemonSet" || w.HostPort() != 0 || w.Pod.Get("hostNetwork").True() {
		return otherwise
	}
	return "set maxSurge of " + w.String() + " to 1 and maxUnavailable to 0, if two of its pods can run on one node; or " + otherwise
}
