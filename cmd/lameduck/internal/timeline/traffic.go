package timeline

import (
	"cmp"
	"slices"
)

// Traffic is the result of the attempts of one pattern.
type Traffic struct {
	Pattern  string
	Attempts int
	Dropped  int
	Void     int // failed, and not counted as dropped: see Attempt.Void
	// DroppedAfterRetry is what a client that retries what it safely may
	// would still have seen: the drops without those whose retry succeeded.
	DroppedAfterRetry int
	Causes            map[Cause]int
	Latency           Latency
}

// Control is the noise floor: the attempts on the server that never terminates,
// made beside the trial.
type Control struct{ Attempts, Failed int }

// known is the order in which reports list the patterns; others follow by name.
var known = []string{"new", "keepalive", "slow", "download", "upload", "h2", "grpc", "grpc-stream", "websocket", "sse", "tcp"}

// Totals counts the attempts of a run, one by one.
type Totals struct {
	Control  Control
	patterns map[string]*total
}

// total is what is counted of one pattern.
type total struct {
	Traffic
	served latencies
}

// Add counts an attempt.
func (t *Totals) Add(a *Attempt) {
	if a.Control {
		t.Control.Add(a)
		return
	}
	p := t.patterns[a.Pattern]
	if p == nil {
		p = &total{Traffic{Pattern: a.Pattern, Causes: map[Cause]int{}}, latencies{}}
		if t.patterns == nil {
			t.patterns = map[string]*total{}
		}
		t.patterns[a.Pattern] = p
	}
	p.add(a)
	if !a.Failed() {
		p.served.add(a.Latency())
	}
}

// ByPattern is the result of each pattern, without the attempts at the control target.
func (t *Totals) ByPattern() []Traffic {
	all := make([]Traffic, 0, len(t.patterns))
	for _, p := range t.patterns {
		p.Latency = p.served.quantiles()
		all = append(all, p.Traffic)
	}
	slices.SortFunc(all, func(a, b Traffic) int { return ComparePatterns(a.Pattern, b.Pattern) })
	return all
}

func (t *Traffic) add(a *Attempt) {
	t.Attempts++
	if a.Void {
		t.Void++
	}
	if !a.Dropped() {
		return
	}
	t.Dropped++
	t.Causes[a.Cause]++
	if a.Retry != RetryOK {
		t.DroppedAfterRetry++
	}
}

// ComparePatterns orders the names of patterns as reports list them.
func ComparePatterns(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

func rank(pattern string) int {
	if i := slices.Index(known, pattern); i >= 0 {
		return i
	}
	return len(known)
}

// Add counts an attempt at the control target.
func (c *Control) Add(a *Attempt) {
	c.Attempts++
	if a.Dropped() {
		c.Failed++
	}
}
