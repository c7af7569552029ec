package diagnose

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// rules in the order in which they are asked, each with the reason for its
// place. The first that holds for a pod is its fault; the first that explains a
// drop has it.
var rules = []rule{
	ruleNeverReady,    // a pod that never served has no termination to judge
	ruleProbeFails,    // before the faults of a pod: it may be the last one that stopped, and not the reason
	ruleEvicted,       // the kubelet ended the pod by itself: what the server does then is no evidence
	ruleForced,        // the same
	ruleNotKeepingUp,  // before the server's own faults: what waits behind others is no effect of a termination
	ruleHookEnds,      // the end came from the hook: the signal, if it was sent, changed nothing
	ruleMeansReload,   // before grace-shorter: a server that reloads needs another signal, not more time
	ruleIgnoresSignal, // a process without a handler does nothing at the signal: whatever follows is the kill
	ruleClosesEarly,   // before grace-shorter: a listener that closed has dropped its clients long before the kill
	ruleGraceShorter,  // before exits-at-once: after a hook that took the grace period a process has no time
	ruleExitsAtOnce,   // what stops at once, and is none of the above: so it was not killed
	ruleCrashes,       // from here on each drop by itself: first those that no termination explains
	ruleNotReady,      // also before T0
	ruleClosesIdle,    // the same
	ruleAnswers5xx,    // the rest after T0: an answer shows that the process ran
	ruleDelayShorter,  // a refusal shows that it had stopped to accept
	ruleCutsKeepAlive, // a cut on a connection that had not been asked to close
	ruleCutsInFlight,  // any other cut
	ruleNoEndpoint,    // no pod is at fault alone; the rules above claim those that one pod explains
	ruleTooBusy,       // the same, on a late machine
	ruleUnexplained,   // explains everything, so it is last
}

func (r *rule) summaryOf(m *match) string {
	if r.summaryUncertain != "" && m.handlerUnknown() {
		return r.summaryUncertain
	}
	return r.summary
}

func (r *rule) finding(m *match) finding.Finding {
	slices.SortFunc(m.pods, func(a, b *podFacts) int { return a.index - b.index })
	f := finding.Finding{
		ID:       r.id,
		Summary:  r.summaryOf(m),
		Evidence: r.evidence(m),
		Fix:      r.fixText(m),
		Drops:    len(m.drops),
	}
	if wrapper := m.wrapper(); wrapper != "" {
		f.Evidence += "; " + wrapper
		if r.ofProcess1 && !m.passedOn(r) {
			f.Summary, f.Fix = wrapperSummary, wrapperFix
		}
	}
	return f
}
