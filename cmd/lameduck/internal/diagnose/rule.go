package diagnose

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
	// that explains a drop counts. Every rule has it: dropsAfterT0 where the fault is
	// that of a pod.
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
	return func(d *dropFacts) bool { return d.endedAfterT0() && d.pod.fault == id && !d.errsAnyway() }
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

// advice is how to cure a fault: what the program has to do, what the manifest
// can do without it, and what the library does for a Go program.
type advice struct {
	always   string // the cure whatever the server is
	program  string // empty: the cure isn't in the program
	manifest string // empty: the manifest cannot cure it, or has the cure already
	inGo     string // empty: the library changes nothing
}

// ownAdvice is what the settings of the server itself can do about a finding.
type ownAdvice struct {
	name, setting string // both empty where the server is not known
	product       bool
}
