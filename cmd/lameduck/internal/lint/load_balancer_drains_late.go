package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A load balancer outside the cluster learns later than the nodes that a pod terminates.
var ruleLoadBalancerDrainsLate = rule{
	id:    "load-balancer-drains-late",
	title: "The load balancer sends connections for longer than the pod drains",
	why: "A load balancer that has the pods as its targets is asked to leave a pod out when it is deleted, and goes on sending new connections to it for a while. " +
		"The pod has to accept them for that long. A new pod is ready before the load balancer sends anything to it: without a readiness gate, or minReadySeconds, old pods end too early.",
	sources: []string{
		"https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/",
		"https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366",
		"https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration",
	},
	severity: Warning,
	check:    loadBalancerDrainsLate,
}

func loadBalancerDrainsLate(s *model.Set, r *report) {
	for _, svc := range s.Services {
		if lb := svc.Outside(); lb != nil {
			for _, w := range svc.Workloads {
				drainsTooShort(w, svc, lb, r)
				endsTooEarly(s, w, lb, r)
			}
		}
		cutsInFlight(s, svc, r)
	}
}

// drainsTooShort compares the drain delay with what the load balancer needs. A server
// without any has another rule.
func drainsTooShort(w *model.Workload, svc *model.Service, lb *model.LoadBalancer, r *report) {
	for _, p := range svc.Ports {
		c := p.Target(w)
		if c == nil {
			continue
		}
		delay, known := c.Delay()
		if !known || delay == 0 || delay >= lb.Late {
			continue
		}
		more := lb.Late - delay
		f := r.add(w.Object, c.PreStop(), "the server goes on for %d s, and %s sends new connections for about %d s after it was asked to leave the pod out: %d s are missing", delay, lb.Name, lb.Late, more).
			because("the pods are the targets that %s asks for; %d s are from the preStop hook and the settings of the server", lb.Object, delay).
			cure("sleep %d s in the preStop hook, and set terminationGracePeriodSeconds to %d", lb.Late, w.Grace()+more)
		if c.PreStop().Get("sleep", "seconds").Present() {
			f.by(c.Value, []string{"lifecycle", "preStop", "sleep", "seconds"}, lb.Late).
				by(w.Pod, []string{"terminationGracePeriodSeconds"}, w.Grace()+more)
		}
		return
	}
}

// endsTooEarly reports a rollout that does not wait until the load balancer sends to the
// new pod.
func endsTooEarly(s *model.Set, w *model.Workload, lb *model.LoadBalancer, r *report) {
	if w.Kind != "Deployment" || w.Get("spec", "minReadySeconds").IntOr(0) > 0 || s.ReadinessGates(w) {
		return
	}
	at := w.Get("spec", "minReadySeconds")
	r.add(w.Object, at, "minReadySeconds 0 behind %s: an old pod is deleted when the new one is ready, before the load balancer sends anything to it", lb.Name).
		as(Info).
		because("no Namespace in these files has the label elbv2.k8s.aws/pod-readiness-gate-inject, and the pod has no readinessGates").
		cure("label the namespace elbv2.k8s.aws/pod-readiness-gate-inject: enabled, or set minReadySeconds to 30")
}

// cutsInFlight reports a BackendConfig of Google that does not let connections drain.
func cutsInFlight(s *model.Set, svc *model.Service, r *report) {
	names := model.BackendConfigs(svc.Object)
	if len(names) == 0 || len(svc.Workloads) == 0 {
		return
	}
	for _, o := range s.Objects {
		if !o.Is("cloud.google.com", "BackendConfig") || o.Namespace != svc.Namespace || !slices.Contains(names, o.Name) {
			continue
		}
		timeout := o.Get("spec", "connectionDraining", "drainingTimeoutSec")
		if timeout.IntOr(0) == 0 {
			r.add(o, timeout, "no connectionDraining: the load balancer ends requests in flight when the pod that has them is taken out").
				because("Service %s names it in its annotation cloud.google.com/backend-config", svc.Name).
				cure("set connectionDraining.drainingTimeoutSec to 60, or to the time of the longest request").
				by(o.Value, []string{"spec", "connectionDraining", "drainingTimeoutSec"}, 60)
		}
	}
}
