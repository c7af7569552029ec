package diagnose

// When a pod is deleted by force the API server removes it at once and reports
// no exit. The kubelet still sends the signal, and SIGKILL 2 s later, whatever
// the grace period is (k/k #120449; before v1.31 it gave all of it). Such a
// termination is no evidence about the server.
var ruleForced = rule{
	id:    forced,
	title: "The pod was deleted by force",
	why:   "With --force the API server removes the pod at once, and the kubelet kills it 2 s after the signal, whatever the grace period is (kubernetes/kubernetes#120449). Such a termination is no evidence about the server.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced",
		"https://github.com/kubernetes/kubernetes/pull/120449",
	},
	summary:       "The pod was deleted by force: the kubelet kills it 2 s after the signal, whatever its grace period is, and requests in flight are cut.",
	holdsFor:      func(p *podFacts) bool { return p.Forced != never && p.t0.came() && p.Exited == never },
	onlyWithDrops: true,
	explains:      orUnrouted(forced, dropsAfterT0(forced)),
	podEvidence: func(p *podFacts) string {
		s := "deleted by force, removed from the API at " + seconds(p.Forced)
		if p.Signalled != never || p.PreStop != never {
			s += ", " + p.howTerminated()
		}
		return s + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(*match) advice {
		return advice{always: "delete the pod without --force, with its own grace period. --force is for pods on a node that will not come back."}
	},
}
