package diagnose

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// The stable names of the findings.
const (
	neverReady    = "never-became-ready"
	probeFails    = "readiness-probe-fails"
	ignoresSignal = "ignores-the-signal"
	meansReload   = "signal-means-reload"
	hookEnds      = "prestop-hook-ends-the-server"
	closesEarly   = "closes-its-listener-too-early"
	graceShorter  = "grace-shorter-than-delay"
	exitsAtOnce   = "exits-at-once"
	crashes       = "crashes"
	notReady      = "not-ready-when-told"
	answers5xx    = "answers-5xx-while-terminating"
	delayShorter  = "delay-shorter-than-propagation"
	cutsKeepAlive = "cuts-keep-alive-at-exit"
	cutsInFlight  = "cuts-in-flight-at-exit"
	closesIdle    = "closes-idle-connections"
	noEndpoint    = "no-endpoint"
	evicted       = "evicted-without-notice"
	forced        = "deleted-by-force"
	notKeepingUp  = "does-not-keep-up"
	tooBusy       = "too-busy-to-judge"
	unexplained   = "unexplained"
)

// rules in the order in which they are asked, each with the reason for its
// place. The first that holds for a pod is its fault; the first that explains a
// drop has it.
var rules = []rule{
	ruleNeverReady,    // a pod that never served has no termination to judge
	ruleProbeFails,    // before the faults of a pod: it may be the last one that stopped, and not the reason
	ruleEvicted,       // the kubelet's act: what the server does then is no evidence
	ruleForced,        // the same
	ruleHookEnds,      // the end came from the hook: the signal, if it was sent, changed nothing
	ruleMeansReload,   // before grace-shorter: a server that reloads needs another signal, not more time
	ruleIgnoresSignal, // a process without a handler does nothing at the signal: whatever follows is the kill
	ruleClosesEarly,   // before grace-shorter: a listener that closed has dropped its clients long before the kill
	ruleGraceShorter,  // before exits-at-once: after a hook that took the grace period a process has no time
	ruleExitsAtOnce,   // what stops at once and is neither of the above
	ruleCrashes,       // from here on each drop by itself: first those that no termination explains
	ruleNotKeepingUp,  // before the rules for single drops: what waits behind others is no effect of a termination
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

// rule is one fault that can be recognised from what was seen.
type rule struct {
	id string
	// title is the fault in a few words, why it drops connections, sources
	// where that is specified: for docs/FINDINGS.md.
	title, why string
	sources    []string
	// summary is one sentence, for reports.
	summary string
	// summaryUncertain is the summary where the handler of the signal could not be seen.
	summaryUncertain string
	// holdsFor reports whether the pod has this fault: its drops after T0
	// belong to the finding, which is reported even if nothing was dropped.
	// The first rule that holds for a pod counts. nil: for single drops only.
	holdsFor func(*podFacts) bool
	// ofProcess1: the fault is what process 1 does at the signal. Where that only
	// runs the server, nothing is known of the server itself.
	ofProcess1 bool
	// onlyWithDrops suppresses the finding when nothing was dropped.
	onlyWithDrops bool
	// noEvidence is why the drops are no evidence against the server, or noDoubt.
	// nil: they are.
	noEvidence func(*match) doubt
	// warnsAbout reports whether a pod without a fault is worth a warning even
	// if nothing was dropped. nil: never.
	warnsAbout func(*podFacts) bool
	// explains reports whether this fault explains the drop. The first rule
	// that explains a drop counts.
	explains func(*dropFacts) bool
	// podEvidence describes what was seen of one pod, note adds what holds for all.
	podEvidence func(*podFacts) string
	note        func(*match) string
	// fix is the cure.
	fix func(*match) advice
}

// affectedPods are the pods that the rule reports whether or not they dropped
// anything.
func (r *rule) affectedPods(s *runFacts) []*podFacts {
	var pods []*podFacts
	for _, p := range s.pods {
		if p.fault == r.id && !r.onlyWithDrops || p.fault == "" && r.warnsAbout != nil && r.warnsAbout(p) {
			pods = append(pods, p)
		}
	}
	return pods
}

// dropsAfterT0 explains what the fault of a pod explains: every drop of the pod
// from its T0 on.
func dropsAfterT0(id string) func(*dropFacts) bool {
	return func(d *dropFacts) bool { return d.late() && d.pod.fault == id }
}

// orUnrouted also explains the connections that found no endpoint because such
// a pod was the last one to stop. Had it kept serving, it would have been the
// fallback (KEP-1669).
func orUnrouted(id string, explains func(*dropFacts) bool) func(*dropFacts) bool {
	return func(d *dropFacts) bool {
		return explains(d) || d.unrouted && d.pod != nil && d.pod.fault == id
	}
}

// match is what one rule has found.
type match struct {
	*runFacts
	pods   []*podFacts
	drops  []*dropFacts
	hasPod map[*podFacts]bool // the pods, as a set
}

func newMatch(s *runFacts, pods []*podFacts) match {
	m := match{runFacts: s, pods: pods, hasPod: map[*podFacts]bool{}}
	for _, p := range pods {
		m.hasPod[p] = true
	}
	return m
}

func (m *match) add(d *dropFacts) {
	m.drops = append(m.drops, d)
	if d.pod != nil && !m.hasPod[d.pod] {
		m.hasPod[d.pod] = true
		m.pods = append(m.pods, d.pod)
	}
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
		if r.ofProcess1 {
			f.Summary, f.Fix = wrapperSummary, wrapperFix
		}
	}
	return f
}
