package model

import "strings"

// metricsNames are parts of the names of ports that monitoring, profilers and the kubelet
// read: these repeat their requests a little later, and no user waits for them.
var metricsNames = []string{"metric", "prom", "telemetry", "monitoring", "stats", "profil", "pprof", "probes"}

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
