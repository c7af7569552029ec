package lint

import (
	"fmt"
	"strings"
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

// drainDelay is what clients of a Service need to leave a pod, on clusters of up to about
// a thousand nodes.
const drainDelay = 10

// dnsTTL is how long a client may use an address of a headless Service: ttl 30 in the
// Corefile of kubeadm.
const dnsTTL = 30

func noDrainDelay(w *workload, r *report) {
	if w.grace() <= 0 || w.Kind == "Pod" || w.endsBeforeItsSuccessor() {
		return // no hook runs, or no other pod serves meanwhile: these have rules of their own
	}
	for _, c := range w.containers {
		front, headless := c.fronts()
		delay, known := c.delay()
		switch {
		case front == nil && headless == nil || !known || c.stores() || c.sleepsForNoTime():
		case delay == 0:
			c.withoutDelay(front, headless, r)
		case headless != nil && delay < dnsTTL:
			f := r.add(w.Object, c.preStop(), "the server goes on for %d s < %d s, for which clients may use its address from the DNS of the headless %s", delay, dnsTTL, headless).
				because("ttl 30 in the Corefile of kubeadm; %d s are from the preStop hook and the settings of the server", delay)
			c.cureDelay(f, dnsTTL+reserve)
		}
	}
}

// endsBeforeItsSuccessor reports whether there is one pod, and the new one is made only
// when it has ended, however it comes to be replaced.
func (w *workload) endsBeforeItsSuccessor() bool {
	n, known := w.replicas()
	return known && n < 2 && (w.Kind == "StatefulSet" || w.Get("spec", "strategy", "type").Text() == "Recreate")
}

// fronts are a Service with an address, and a headless one, by which clients connect to
// the container; nil: none. Peers of a StatefulSet connect to one certain pod, for
// which there is no other.
func (c *container) fronts() (front, headless *service) {
	for _, s := range c.workload.traffic() {
		if s.Get("spec", "publishNotReadyAddresses").True() || !s.reaches(c) {
			continue // the first is a mistake of its own
		}
		switch {
		case !s.headless && front == nil:
			front = s
		case s.headless && headless == nil && c.workload.Kind != "StatefulSet":
			headless = s
		}
	}
	return front, headless
}

// reaches reports whether clients open TCP connections to the container by the Service.
func (s *service) reaches(c *container) bool {
	for _, p := range s.ports {
		if p.protocol != "UDP" && !p.metrics() && !p.stores() && p.target(c.workload) == c {
			return true
		}
	}
	return false
}

// delay is how long the container accepts connections after its termination begins, by
// its hook and its settings; not known if a hook or the program may delay its end.
func (c *container) delay() (seconds int, known bool) {
	if h := c.hook(); h != nil {
		if h.Open {
			return 0, false
		}
		seconds = h.Planned
	}
	accepts := 0
	if t, ok := longestDrain(c.drains()); ok {
		accepts = t.accepts
	}
	return seconds + accepts, accepts > 0 || !c.acceptsByItself()
}

func (c *container) withoutDelay(front, headless *service, r *report) {
	s, until := front, "until all nodes have removed the endpoint"
	seconds := drainDelay
	if headless != nil {
		seconds = dnsTTL + reserve
		if s == nil {
			s, until = headless, fmt.Sprintf("for the %d s in which clients may use its address from DNS", dnsTTL)
		}
	}
	var f *Finding
	if name, known := c.stopsAcceptingAs(); known {
		f = r.add(c.workload.Object, c.preStop(), "%s closes its listeners on the stop signal, without a drain delay: new connections through %s are refused %s", name, s, until).as(Warning)
	} else {
		f = r.add(c.workload.Object, c.preStop(), "container %s has no drain delay: new connections through %s are refused %s, unless the program itself goes on to accept them after the stop signal", c.name, s, until)
	}
	why := "no preStop hook, and no setting that delays the end of the server"
	if h := c.hook(); h != nil {
		why = "the preStop hook " + h.text + " takes no time, and no setting delays the end of the server"
	}
	f.because("%s", strings.Join(append([]string{why}, c.workload.interruptions()...), "; "))
	c.cureDelay(f, seconds)
}

// cureDelay is a preStop hook with that sleep. --fix writes it where the container has no
// other hook, and the grace period has room for it.
func (c *container) cureDelay(f *Finding, seconds int) {
	path := []string{"lifecycle", "preStop", "sleep", "seconds"}
	needed := seconds + inFlight + reserve
	if t, ok := longestDrain(c.drains()); ok {
		needed = max(needed, seconds+t.longest+reserve)
	}
	f.cure("set %s to %d in container %s", strings.Join(path, "."), seconds, c.name)
	other := c.preStop().Present() && !c.preStop().Get("sleep").Present()
	if other {
		f.cure("let the preStop hook of container %s sleep %d s", c.name, seconds)
	}
	if c.workload.grace() < needed {
		f.Fix += fmt.Sprintf(", and terminationGracePeriodSeconds to %d", roundUp(needed, 5))
		return
	}
	if !other {
		f.by(c.Value, path, seconds)
	}
}
