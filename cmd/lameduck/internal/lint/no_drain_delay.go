package lint

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// Without a delay a server stops accepting connections before the nodes have learned that
// its pod is terminating.
var ruleNoDrainDelay = rule{
	id:    "no-drain-delay",
	title: "Nothing delays the end of a server behind a Service",
	why: "When a pod is deleted, two things begin at one time: the kubelet ends its containers, and the EndpointSlice marks its endpoint as terminating. Each kube-proxy, ingress controller and load balancer " +
		"learns of the second at its own time: within about 2 s in a small cluster, 10 s and more in a large one. A server that stops accepting connections before that refuses those that are still routed to it. " +
		"The clients of a headless Service have the address from DNS, and use it as long as its record may be kept: 30 s with the Corefile of kubeadm. A preStop hook that sleeps keeps the server running for that time. " +
		"A program may do so itself, and a manifest does not show it: so this is a warning only for servers that are known to stop at once.",
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
			f := r.add(w.Object, c.PreStop(), "the server goes on for %d s < %d s, for which clients may use its address from the DNS of the headless %s", delay, model.DNSTTL, headless).
				because("ttl 30 in the Corefile of kubeadm; %d s are from the preStop hook and the settings of the server", delay)
			cureDelay(c, f, model.DNSTTL+model.Reserve)
		}
	}
}

// endsBeforeItsSuccessor reports whether there is one pod, and the new one is made only
// when it has ended, however it comes to be replaced.
func endsBeforeItsSuccessor(w *model.Workload) bool {
	n, known := w.Replicas()
	return known && n < 2 && (w.Kind == "StatefulSet" || w.Get("spec", "strategy", "type").Text() == "Recreate")
}

// fronts are a Service with an address, and a headless one, by which clients connect to
// the container; nil: none. Peers of a StatefulSet connect to one certain pod, for
// which there is no other.
func fronts(c *model.Container) (front, headless *model.Service) {
	for _, s := range c.Workload.Traffic() {
		if s.Get("spec", "publishNotReadyAddresses").True() || !reaches(s, c) {
			continue // the first is a mistake of its own
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

// reaches reports whether clients open TCP connections to the container by the Service.
func reaches(s *model.Service, c *model.Container) bool {
	for _, p := range s.Ports {
		if p.Protocol != "UDP" && !p.Metrics() && !p.Stores() && p.Target(c.Workload) == c {
			return true
		}
	}
	return false
}

func withoutDelay(c *model.Container, front, headless *model.Service, r *report) {
	s, until := front, "until all nodes have removed the endpoint"
	seconds := model.DrainDelay
	if headless != nil {
		seconds = model.DNSTTL + model.Reserve
		if s == nil {
			s, until = headless, fmt.Sprintf("for the %d s in which clients may use its address from DNS", model.DNSTTL)
		}
	}
	var f *Finding
	if name, known := c.StopsAcceptingAs(); known {
		f = r.add(c.Workload.Object, c.PreStop(), "%s closes its listeners on the stop signal, without a drain delay: new connections through %s are refused %s", name, s, until).as(Warning)
	} else {
		f = r.add(c.Workload.Object, c.PreStop(), "container %s has no drain delay: new connections through %s are refused %s, unless the program itself goes on to accept them after the stop signal", c.Name, s, until)
	}
	why := "no preStop hook, and no setting that delays the end of the server"
	if h := c.Hook(); h != nil {
		why = "the preStop hook " + h.Text + " takes no time, and no setting delays the end of the server"
	}
	f.because("%s", strings.Join(append([]string{why}, c.Workload.Interruptions()...), "; "))
	cureDelay(c, f, seconds)
}

// cureDelay is a preStop hook with that sleep. --fix writes it where the container has no
// other hook, and the grace period has room for it.
func cureDelay(c *model.Container, f *Finding, seconds int) {
	path := []string{"lifecycle", "preStop", "sleep", "seconds"}
	needed := seconds + model.InFlight + model.Reserve
	if t, ok := model.LongestDrain(c.Drains()); ok {
		needed = max(needed, seconds+t.Longest+model.Reserve)
	}
	f.cure("set %s to %d in container %s", strings.Join(path, "."), seconds, c.Name)
	other := c.PreStop().Present() && !c.PreStop().Get("sleep").Present()
	if other {
		f.cure("let the preStop hook of container %s sleep %d s", c.Name, seconds)
	}
	if c.Workload.Grace() < needed {
		f.Fix += fmt.Sprintf(", and terminationGracePeriodSeconds to %d", model.RoundUp(needed, 5))
		return
	}
	if !other {
		f.by(c.Value, path, seconds)
	}
}
