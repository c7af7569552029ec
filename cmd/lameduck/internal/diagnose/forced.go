package diagnose

// When a pod is deleted by force the API forgets it at once, and nobody is
// told of its end. The kubelet still sends the signal, and SIGKILL 2 s later,
// whatever the grace period is (k/k #120449; before v1.31 it gave all of it).
// However the server terminated, it is not judged for that.
var ruleForced = rule{
	id:       forced,
	summary:  "It was deleted by force: the kubelet kills it 2 s after the signal, whatever its grace period is, and cuts what is in flight.",
	convicts: func(l *life) bool { return l.Forced != never && l.t0 != never && l.Exited == never },
	mute:     true,
	claims:   orLeftNone(forced, sentenced(forced)),
	seen: func(l *life) string {
		s := "deleted by force, forgotten at " + seconds(l.Forced)
		if l.Signalled != never || l.PreStop != never {
			s += ", " + l.told()
		}
		return s + l.arrivals()
	},
	remark: remarkGap,
	fix: func(*matter) advice {
		return advice{other: "delete it without --force, with its own grace period. By force is for pods whose node is gone for good."}
	},
}
