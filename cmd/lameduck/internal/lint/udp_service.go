package lint

import (
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// UDP has no connection that could be closed.
var ruleUDPService = rule{
	id:    "udp-service",
	title: "A Service for UDP",
	why: "A server can close a TCP connection, and the client opens another; a client of UDP learns nothing. What that client sends goes to the pod that it had before, until the nodes " +
		"have removed their entry for it: datagrams that come after the server has closed its socket are lost. Up to Kubernetes 1.36 an entry stays if the Service has no other endpoint.",
	sources: []string{
		"https://kubernetes.io/docs/reference/networking/virtual-ips/",
		"https://github.com/kubernetes/kubernetes/pull/139629",
	},
	severity: Info,
	check:    udpService,
}

func udpService(s *model.Set, r *report) {
	for _, svc := range s.Services {
		ports := svc.UDP()
		if len(ports) == 0 || len(svc.Workloads) == 0 || svc.MetricsOnly() || svc.ForPeers() {
			continue // members of a cluster find out by themselves which of them are there
		}
		f := r.add(svc.Object, ports[0].Value, "port %s is UDP: datagrams that come after a pod has closed its socket are lost, and the client is not informed", portName(ports[0])).
			cure("keep the socket open and answer for the whole drain delay; clients have to repeat what gets no answer")
		if w := svc.Workloads[0]; len(svc.Workloads) == 1 {
			if n, known := w.Replicas(); known && n == 1 && !svc.Headless {
				f.because("%s has 1 replica: up to Kubernetes 1.36 the nodes keep sending to the pod that is gone until there is another", w)
			}
		}
	}
}

func portName(p model.ServicePort) string {
	if p.Name != "" {
		return p.Name
	}
	return strconv.Itoa(p.Number)
}
