package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// lateConnections describes for how long new connections were still routed to
// the pod.
func (p *podFacts) lateConnections() string {
	if p.late.Connections == 0 {
		return ""
	}
	return fmt.Sprintf(", new connections arrived for another %s", span(p.late.LastConnection))
}

func noteUnrouted(m *match) string {
	n := m.unroutedDrops()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of them found no endpoint of the Service", n)
}

func (m *match) unroutedDrops() int {
	n := 0
	for _, d := range m.drops {
		if d.unrouted {
			n++
		}
	}
	return n
}

// shown is how many pods the evidence names; the others are counted.
const shown = 3

// evidence describes what was seen: one clause for each of the first pods, then
// the drops by cause and pattern.
func (r *rule) evidence(m *match) string {
	var clauses []string
	if r.podEvidence != nil {
		for _, p := range m.pods[:min(shown, len(m.pods))] {
			clauses = append(clauses, p.Name+": "+r.podEvidence(p))
		}
		if more := len(m.pods) - shown; more > 0 {
			clauses = append(clauses, fmt.Sprintf("and %s more", finding.Count(more, "pod")))
		}
	}
	clauses = append(clauses, tally(m.drops))
	if n := likely(m.drops); n > 0 {
		clauses = append(clauses, fmt.Sprintf("the pod is only likely for %d of them", n))
	}
	if r.note != nil {
		if s := r.note(m); s != "" {
			clauses = append(clauses, s)
		}
	}
	return strings.Join(clauses, "; ")
}

// likely counts the drops whose pod is only probable.
func likely(drops []*dropFacts) int {
	n := 0
	for _, d := range drops {
		if d.PodBy == timeline.Probable {
			n++
		}
	}
	return n
}

// tally counts drops by cause and by pattern: "12 drops (8 refused, 4 eof; 9 new, 3 keepalive)".
func tally(drops []*dropFacts) string {
	if len(drops) == 0 {
		return "no request was dropped this time"
	}
	causes, patterns := map[timeline.Cause]int{}, map[string]int{}
	for _, d := range drops {
		causes[d.Cause]++
		patterns[d.Pattern]++
	}
	return fmt.Sprintf("%s (%s; %s)", finding.Count(len(drops), "drop"), byNumber(causes), byNumber(patterns))
}

// byNumber lists what was counted, most first.
func byNumber[K ~string](counts map[K]int) string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b K) int { return counts[b] - counts[a] })
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = fmt.Sprintf("%d %s", counts[k], k)
	}
	return strings.Join(words, ", ")
}

// howTerminated describes how the termination of the pod began.
func (p *podFacts) howTerminated() string {
	switch {
	case !p.t0.came():
		return "termination not seen"
	case p.PreStop == never:
		return "signal at " + seconds(p.Signalled)
	case p.Signalled == never:
		return "preStop at " + seconds(p.PreStop)
	}
	s := fmt.Sprintf("preStop at %s, signal at %s", seconds(p.PreStop), seconds(p.Signalled))
	if p.Detail != "" {
		s += " (the preStop hook fails: " + p.Detail + ")"
	}
	return s
}

// howExited describes how the process exited.
func (p *podFacts) howExited() string {
	switch {
	case p.Exited == never:
		return "had not exited when the run ended"
	case p.Killed != never:
		return "killed at " + seconds(p.Killed)
	case p.Signal != "":
		return fmt.Sprintf("exited on %s at %s", p.Signal, seconds(p.Exited))
	}
	return fmt.Sprintf("exited at %s with code %d", seconds(p.Exited), p.Code)
}

func bounds(drops []*dropFacts) (first, last time.Duration) {
	if len(drops) == 0 {
		return 0, 0
	}
	return drops[0].Ended, drops[len(drops)-1].Ended
}

// lateness is how late this machine was, by its control target.
func (s *runFacts) lateness() string {
	return fmt.Sprintf("this machine was late: of the requests to the control target, which never terminates, %d of %d failed, and the longest took %s",
		s.control.Failed, s.control.Attempts, span(s.target.longest))
}
