package diagnose

// When a pod is deleted by force the API server removes it at once and reports
// no exit. The kubelet still sends the signal, and SIGKILL 2 s later, whatever
// the grace period is (k/k #120449; before v1.31 it gave all of it). Such a
// termination says nothing about the server.
var ruleForced = rule{
	id:            forced,
	summary:       "It was deleted by force: the kubelet kills it 2 s after the signal, whatever its grace period is, and cuts what is in flight.",
	holdsFor:      func(p *podFacts) bool { return p.Forced != never && p.t0 != never && p.Exited == never },
	onlyWithDrops: true,
	explains:      orUnrouted(forced, dropsAfterT0(forced)),
	podEvidence: func(p *podFacts) string {
		s := "deleted by force, forgotten at " + seconds(p.Forced)
		if p.Signalled != never || p.PreStop != never {
			s += ", " + p.howTerminated()
		}
		return s + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(*match) advice {
		return advice{other: "delete it without --force, with its own grace period. By force is for pods whose node is gone for good."}
	},
}
