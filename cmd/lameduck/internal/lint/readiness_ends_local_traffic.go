package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// On a node without a ready pod, a Service with the policy Local falls back to the pods
// that terminate and still answer their readiness probe.
var ruleReadinessEndsLocalTraffic = rule{
	id:    "readiness-ends-local-traffic",
	title: "Readiness that fails at once leaves a node without an endpoint",
	why: "With the policy Local, a node sends connections to pods of its own alone. When the last of them is deleted, kube-proxy goes on sending to it while it " +
		"terminates, as long as its readiness probe succeeds. A preStop hook that makes the probe fail ends that at once: until the load balancer has left the node out, its connections are dropped.",
	sources: []string{
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints",
		"https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints",
	},
	severity: Warning,
	check:    eachWorkload(readinessEndsLocalTraffic),
}

func readinessEndsLocalTraffic(w *model.Workload, r *report) {
	for _, s := range w.Traffic() {
		policy := localPolicy(s)
		if policy == "" {
			continue
		}
		for _, c := range w.Containers {
			path := failsReadiness(c)
			if path == "" {
				continue
			}
			probe := c.Probe("readinessProbe")
			r.add(w.Object, c.PreStop(), "the preStop hook of %s makes its readiness probe fail within %d s, and Service %s has %s Local: a node whose last pod terminates drops its connections from then on",
				c.Name, probe.Seconds(), s.Name, policy).
				because("readinessProbe reads %s, which the hook changes; it fails after %d s x %d", path, probe.Period, probe.Failures).
				cure("leave %s as it is in the hook, and sleep instead: an endpoint of a pod that terminates gets no new connections where there is another endpoint", path)
		}
	}
}

// localPolicy is the field of a Service that makes a node send only to its own pods, "" if
// it has none.
func localPolicy(s *model.Service) string {
	kind := s.Get("spec", "type").Text()
	for _, field := range []string{"externalTrafficPolicy", "internalTrafficPolicy"} {
		outside := kind == "LoadBalancer" || kind == "NodePort"
		if s.Get("spec", field).Text() == "Local" && (outside || field == "internalTrafficPolicy") {
			return field
		}
	}
	return ""
}

// failsReadiness is the path of a file that the readiness probe reads, and the preStop
// hook makes, removes or moves; "" if there is none.
func failsReadiness(c *model.Container) string {
	hook := strings.Join(c.PreStop().Get("exec", "command").Texts(), " ")
	for word := range strings.FieldsSeq(strings.Join(c.Get("readinessProbe", "exec", "command").Texts(), " ")) {
		path := strings.Trim(word, `"';)(`)
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "/bin/") || !strings.Contains(hook, path) {
			continue
		}
		for before := range strings.FieldsSeq(hook) {
			switch before {
			case "rm", "touch", "mv", ">":
				return path
			}
		}
	}
	return ""
}
