package lint

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without a delay a server stops accepting connections before the nodes have learned that
// its pod is terminating.
var ruleNoDrainDelay = rule{
	id:    "no-drain-delay",
	title: "Nothing delays the end of a server behind a Service",
	why: "When a pod is deleted, two things begin at the same time: the kubelet ends its containers, and the EndpointSlice marks its endpoint as terminating. Each kube-proxy, ingress controller and load balancer " +
		"learns of the second after a time of its own: within about 2 s in a small cluster, 10 s and more in a large one. A server that stops accepting connections sooner refuses those that are still routed to it. " +
		"The clients of a headless Service have the address from DNS, and use it for as long as the record may be cached: 30 s with the Corefile of kubeadm. A preStop hook that sleeps keeps the server running for that time. " +
		"A program may delay its end itself, which a manifest does not show: so the finding is a warning only for servers that are known to stop accepting connections at once.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow",
		"https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/3960-pod-lifecycle-sleep-action",
		"https://coredns.io/plugins/kubernetes/",
	},
	severity: Info,
	check:    eachWorkload(noDrainDelay),
}

func noDrainDelay(w *model.Workload, r *report) {
	if w.Grace() <= 0 || w.Kind == "Pod" || endsBeforeItsSuccessor(w) {
		return // no hook runs, or no other pod serves meanwhile: these have rules of their own
	}
	for _, c := range w.Containers {
		front, headless := fronts(c)
		delay, known := c.Delay()
		switch {
		case front == nil && headless == nil || !known || c.Stores() || c.SleepsForNoTime():
		case delay == 0:
			withoutDelay(c, front, headless, r)
		case headless != nil && delay < model.DNSTTL:
			f := r.add(w.Object, c.PreStop(), "the server goes on for %d s, less than the %d s for which clients may use its address from the DNS of the headless %s", delay, model.DNSTTL, headless).
				because("ttl 30 in the Corefile of kubeadm; %d s are from the preStop hook and the settings of the server", delay)
			cureDelay(c, f, model.DNSTTL+model.Reserve)
		}
	}
}

// endsBeforeItsSuccessor reports whether the workload has one pod, and makes the next one
// only when that has ended: in a rollout as well as after an eviction.
func endsBeforeItsSuccessor(w *model.Workload) bool {
	n, known := w.Replicas()
	return known && n < 2 && (w.Kind == "StatefulSet" || w.Get("spec", "strategy", "type").Text() == "Recreate")
}

// fronts are the first Service with an address, and the first headless one, through which
// clients connect to the container; nil: none. A headless Service of a StatefulSet is none:
// its clients connect to one particular pod, and no other one can replace that.
func fronts(c *model.Container) (front, headless *model.Service) {
	for _, s := range c.Workload.Traffic() {
		if s.Get("spec", "publishNotReadyAddresses").True() || !reaches(s, c) {
			continue // publishNotReadyAddresses has a rule of its own
		}
		switch {
		case !s.Headless && front == nil:
			front = s
		case s.Headless && headless == nil && c.Workload.Kind != "StatefulSet":
			headless = s
		}
	}
	return front, headless
}

// reaches reports whether clients open TCP connections to the container through the Service.
func reaches(s *model.Service, c *model.Container) bool {
	for _, p := range s.Ports {
		if p.Protocol != "UDP" && !p.Metrics() && !p.Stores() && p.Target(c.Workload) == c && !c.GuardsMetrics() {
			return true
		}
	}
	return false
}

func withoutDelay(c *model.Container, front, headless *model.Service, r *report) {
	s, refused := front, finding.RefusedUntilRemoved
	seconds := model.DrainDelay
	if headless != nil {
		seconds = model.DNSTTL + model.Reserve
		if s == nil {
			s, refused = headless, fmt.Sprintf("refused for the %d s in which clients may use its address from DNS", model.DNSTTL)
		}
	}
	why := []string{"no preStop hook, and no setting that delays the end of the server"}
	if h := c.Hook(); h != nil {
		why[0] = "the preStop hook " + h.Text + " takes no time, and no setting delays the end of the server"
	}
	var f *Finding
	if name, known := c.StopsAcceptingAs(); known {
		f = r.add(c.Workload.Object, c.PreStop(), "%s closes its listeners on the stop signal, without a drain delay: new connections through %s are %s", name, s, refused).as(Warning)
	} else {
		f = r.add(c.Workload.Object, c.PreStop(), "container %s has no drain delay: new connections through %s are %s, unless the program itself goes on accepting them after the stop signal", c.Name, s, refused)
		why = append(why, "what the program does is not in a manifest: lameduck verify shows it")
	}
	if h := s.OnlyWebhook(); h != nil {
		lost, policy := withoutWebhook(h)
		why = append(why, fmt.Sprintf("only the API server connects to the Service: with %s it %s while its connection is refused", policy, lost))
	}
	f.because("%s", strings.Join(append(why, c.Workload.Interruptions()...), "; "))
	cureDelay(c, f, seconds)
}

// cureDelay adds the advice to let a preStop hook sleep for that long. --fix writes the hook
// where the container has no other, and the grace period has room for it.
func cureDelay(c *model.Container, f *Finding, seconds int) {
	path := []string{"lifecycle", "preStop", "sleep", "seconds"}
	inFlight := model.InFlight
	if t, ok := model.LongestDrain(c.Drains()); ok {
		inFlight = max(inFlight, t.Longest)
	}
	needed := seconds + inFlight + model.Reserve
	f.cure("set %s to %d in container %s", strings.Join(path, "."), seconds, c.Name)
	other := c.PreStop().Present() && !c.PreStop().Get("sleep").Present()
	if other {
		f.cure("let the preStop hook of container %s sleep %d s", c.Name, seconds)
	}
	if c.Workload.Grace() < needed {
		f.Fix += fmt.Sprintf(", and terminationGracePeriodSeconds to %d (%d s for the hook, %d s for requests in flight, %d s in reserve)",
			model.RoundUp(needed, 5), seconds, inFlight, model.Reserve)
		return
	}
	if !other {
		f.by(c.Value, path, seconds)
	}
}
