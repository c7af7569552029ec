package model

import (
	"slices"
	"strings"
)

// metricsNames are parts of the names of ports that monitoring, profilers and the kubelet
// read: these repeat their requests a little later, and no user waits for them.
var metricsNames = []string{"metric", "prom", "telemetry", "monitoring", "stats", "profil", "pprof", "probes"}

// memberNames are parts of the names of ports by which the members of a cluster talk to each
// other: no client comes to them.
var memberNames = []string{"gossip", "memberlist", "serf", "peer", "raft", "epmd", "internode", "jgroups"}

// MembersOnly reports whether no client uses the Service: its ports are for the pods behind it,
// and for monitoring.
func (s *Service) MembersOnly() bool {
	members := 0
	for _, p := range s.Ports {
		switch {
		case slices.ContainsFunc(memberNames, func(part string) bool { return strings.Contains(strings.ToLower(p.Name), part) }):
			members++
		case !p.Metrics():
			return false
		}
	}
	return members > 0
}

func (p ServicePort) Metrics() bool {
	return (namesMetrics(p.Name) || namesMetrics(p.TargetPort)) && !p.web
}

// isWeb reports whether p is a port for users of the web, whatever its name is: some servers
// name the port that has both their metrics and all else http-metrics.
func isWeb(p ServicePort, service string) bool {
	named := strings.HasPrefix(p.Name, "http") || strings.HasPrefix(p.TargetPort, "http")
	return (p.Number == 80 || p.Number == 443) && named && !namesMetrics(service)
}

func namesMetrics(name string) bool {
	name = strings.ToLower(name)
	for _, part := range metricsNames {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
