package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// shown is how many pods an evidence names; the rest are counted.
const shown = 3

// evidence says what was seen: of the first pods one clause each, then how
// many drops of which kind.
func (r *rule) evidence(m *matter) string {
	var clauses []string
	if r.seen != nil {
		for _, l := range m.lives[:min(shown, len(m.lives))] {
			clauses = append(clauses, l.Name+": "+r.seen(l))
		}
		if more := len(m.lives) - shown; more > 0 {
			clauses = append(clauses, fmt.Sprintf("and %s more", count(more, "pod")))
		}
	}
	clauses = append(clauses, tally(m.drops))
	if n := likely(m.drops); n > 0 {
		clauses = append(clauses, fmt.Sprintf("the pod is only likely for %d of them", n))
	}
	if r.remark != nil {
		if s := r.remark(m); s != "" {
			clauses = append(clauses, s)
		}
	}
	return strings.Join(clauses, "; ")
}

// likely counts the drops that may have been at another pod.
func likely(drops []*drop) int {
	n := 0
	for _, d := range drops {
		if d.PodBy == timeline.ByLikelihood {
			n++
		}
	}
	return n
}

// tally counts drops by cause and by pattern: "12 drops (8 refused, 4 eof; 9 new, 3 keepalive)".
func tally(drops []*drop) string {
	if len(drops) == 0 {
		return "nothing was dropped this time"
	}
	causes, patterns := map[timeline.Cause]int{}, map[string]int{}
	for _, d := range drops {
		causes[d.Cause]++
		patterns[d.Pattern]++
	}
	return fmt.Sprintf("%s (%s; %s)", count(len(drops), "drop"), byNumber(causes), byNumber(patterns))
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

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// seconds writes a moment or a long duration, span a short one.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func span(d time.Duration) string {
	if d = max(d, 0); d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return seconds(d)
}

// told is how the termination of the pod began.
func (l *life) told() string {
	switch {
	case l.t0 == never:
		return "not told to stop"
	case l.PreStop == never:
		return "signal at " + seconds(l.Signalled)
	case l.Signalled == never:
		return "preStop at " + seconds(l.PreStop)
	}
	s := fmt.Sprintf("preStop at %s, signal at %s", seconds(l.PreStop), seconds(l.Signalled))
	if l.Detail != "" {
		s += " (the hook failed: " + l.Detail + ")"
	}
	return s
}

// left is how its process ended.
func (l *life) left() string {
	switch {
	case l.Exited == never:
		return "had not exited when the run ended"
	case l.Killed != never:
		return "killed at " + seconds(l.Killed)
	case l.Signal != "":
		return fmt.Sprintf("died of %s at %s", l.Signal, seconds(l.Exited))
	}
	return fmt.Sprintf("exited at %s with code %d", seconds(l.Exited), l.Code)
}
