package diagnose

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// judge decides the verdict. A result in which no finding is certain is
// inconclusive, and so is one in which nothing was served.
func (s *runFacts) judge(d *finding.Diagnosis, doubts []doubt) {
	why := noDoubt
	switch certain := slices.Index(doubts, noDoubt); {
	case s.load.attempts == 0:
		why = doubt{"no attempt was made", "let the run last longer, or use a higher --rate"}
	case certain >= 0:
		d.Verdict = finding.Fail
		return
	case len(doubts) > 0:
		why = doubts[0]
	case s.voids > 0:
		why = doubt{fmt.Sprintf("this machine was late, by up to %s, while %s failed, and that shows nothing about the server", span(s.waits.longest), finding.Count(s.voids, "attempt")), hintLate}
	case s.terminationsMissed():
		why = doubt{s.whyMissed(), hintLate}
	case s.load.successes == 0:
		why = s.load.noSuccess()
	default:
		d.Verdict, d.Covers = finding.Pass, s.load.covers()
		return
	}
	d.Verdict, d.Reason, d.Hint = finding.Inconclusive, why.reason, why.hint
}

// terminationsMissed reports whether the tool was stalled at a decisive moment of
// each termination: clients that send nothing see no drop. Or the pod was: until
// the server handles the stop signal it serves as before.
func (s *runFacts) terminationsMissed() bool {
	missed := false
	for _, p := range s.pods {
		if !p.t0.came() {
			continue
		}
		longest := s.stalls.Longest(p.t0.earliest, p.t0.latest+minDelay)
		if p.exit.came() {
			longest = max(longest, s.stalls.Longest(p.exit.earliest, p.exit.latest))
		}
		if longest < timeline.MostLate && !s.signalMissed(p) {
			return false
		}
		missed = true
	}
	return missed
}

func (s *runFacts) whyMissed() string {
	for _, p := range s.pods {
		if s.signalMissed(p) {
			return fmt.Sprintf("%s waited %s for a processor when it got the stop signal, and no new connection came later, so drops may have been missed", p.Name, span(p.starved))
		}
	}
	return fmt.Sprintf("this machine was late, by up to %s, when each pod began to terminate or exited, so drops may have been missed", span(s.waits.longest))
}

// signalMissed reports whether the last new connection after the stop signal may
// have come before the server could handle that. It had handled it if it asked
// clients to close before.
func (s *runFacts) signalMissed(p *podFacts) bool {
	last := p.T0() + p.late.LastConnection
	if p.late.Connections == 0 || p.starved < timeline.MostLate || last < p.Signalled || last > p.Signalled+p.starved {
		return false
	}
	for _, k := range p.kept {
		if s.reusesConns[k.pattern] && k.askedToClose() && k.answered >= p.Signalled && k.answered <= last {
			return false
		}
	}
	return true
}

// noSuccess is why a run without a drop shows nothing: a redirect or an error
// page is often served by another part of the server than what users request.
func (l *load) noSuccess() doubt {
	why := doubt{"no response was a success: " + statuses(l.statuses), "test a path that is served, with --path"}
	class := 0
	for status := range l.statuses {
		class = max(class, status/100)
	}
	switch {
	case l.statuses[http.StatusBadRequest]+l.statuses[http.StatusMisdirectedRequest] > 0:
		why.hint = "the server may expect its own name: set it with --host; or test another path with --path"
	case class == 3:
		why.hint = "test what it redirects to: another path with --path, or the name that it expects with --host"
	}
	return why
}

// statuses lists responses by status, most first: "120 × 404 Not Found".
func statuses(counts map[int]int) string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b int) int { return counts[b] - counts[a] })
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = strings.TrimSpace(fmt.Sprintf("%d × %d %s", counts[k], k, http.StatusText(k)))
	}
	return strings.Join(words, ", ")
}

// covers is what a pass holds for. Every engine of the traffic has HTTP/1.1 so
// far.
func (l *load) covers() string {
	how := "in clear text"
	switch {
	case l.clear && l.tls:
		how += " and over TLS"
	case l.tls:
		how = "over TLS"
	}
	return "HTTP/1.1 " + how + ", " + finding.Count(len(l.patterns), "pattern")
}

// doubt is why nothing that the rule has found is certain, or noDoubt.
func (r *rule) doubt(m *match) doubt {
	if r.noEvidence != nil {
		if why := r.noEvidence(m); why.any() {
			return why
		}
	}
	first := noDoubt
	for _, p := range m.pods {
		if p.fault != r.id && (p.fault != "" || r.warnsAbout == nil || !r.warnsAbout(p)) {
			continue // it only dropped something
		}
		if !p.doubt.any() {
			return noDoubt
		}
		first = p.doubt
	}
	for _, d := range m.drops {
		if !d.doubt.any() {
			return noDoubt
		}
		first = d.doubt
	}
	return first
}
