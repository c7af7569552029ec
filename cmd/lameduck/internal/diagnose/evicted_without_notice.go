package diagnose

import "fmt"

// A pod that the kubelet kills by itself (node pressure, a critical pod that
// needs the room, the shutdown of the node) has no deletionTimestamp, so its
// endpoint stays ready until its readiness probe fails or its containers are
// gone (k/k #116965). No server can make up for that alone, and a hard eviction
// leaves it 1 s: such a termination is no evidence about the server.
var ruleEvicted = rule{
	id:    evicted,
	title: "The kubelet evicted the pod before its endpoint was removed",
	why:   "A pod that the kubelet ends by itself (node pressure, a critical pod that needs the room, the shutdown of the node) has no deletionTimestamp. Its endpoint stays ready until its readiness probe fails or its containers are gone (kubernetes/kubernetes#116965), so that new connections are routed to a pod that has exited.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
		"https://github.com/kubernetes/kubernetes/issues/116965",
	},
	summary:       "The kubelet evicted the pod before its endpoint was removed, so new connections were routed to the pod until after it had exited: only a readiness probe that fails at the signal, or more replicas, help.",
	holdsFor:      (*podFacts).evictedWithoutNotice,
	onlyWithDrops: true,
	explains:      orUnrouted(evicted, dropsAfterT0(evicted)),
	podEvidence: func(p *podFacts) string {
		s := "evicted at " + seconds(p.Evicted)
		if p.Reason != "" {
			s = fmt.Sprintf("%s (%s)", s, p.Reason)
		}
		if p.Signalled != never || p.PreStop != never {
			s += ", " + p.howTerminated()
		}
		return s + ", " + p.howExited() + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(*match) advice {
		const probe = "with a readinessProbe that has periodSeconds × failureThreshold well below the grace period (1 s × 1, for example)"
		const room = " In addition: two replicas or more on different nodes, resource requests that cover the real use, and a priorityClass. A hard eviction gives 1 s, whatever the grace period is: eviction-soft with evictionMaxPodGracePeriod, or shutdownGracePeriod, on the node gives more."
		return advice{
			inGo:    "set lameduck.Process.FailReadiness, " + probe + ": the failed probe removes the endpoint, which the eviction does not.",
			program: "fail the readiness path from the signal on and keep serving, " + probe + "." + room,
		}
	},
}
