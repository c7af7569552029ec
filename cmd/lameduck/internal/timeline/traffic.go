package timeline

import (
	"cmp"
	"slices"
	"time"
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

// Latency has the exact quantiles (nearest rank) of the attempts that were
// served, counted from the moment each was due. All are 0 if none was served. A
// failure has no latency: a refusal would lower the figures, a timeout would
// only show how long the client waits.
type Latency struct{ P50, P90, P99, Max time.Duration }

// Control is the noise floor: the attempts on the server that never terminates,
// made beside the trial.
type Control struct{ Attempts, Failed int }

// known is the order in which reports list the patterns; others follow by name.
var known = []string{"new", "keepalive", "slow", "download", "upload", "h2", "grpc", "grpc-stream", "websocket", "sse", "tcp"}

// ByPattern folds the attempts, without those of the control target.
func ByPattern(attempts []Attempt) []Traffic {
	index := map[string]*Traffic{}
	served := map[string][]time.Duration{}
	for i := range attempts {
		a := &attempts[i]
		if a.Control {
			continue
		}
		t := index[a.Pattern]
		if t == nil {
			t = &Traffic{Pattern: a.Pattern, Causes: map[Cause]int{}}
			index[a.Pattern] = t
		}
		t.add(a)
		if !a.Failed() {
			served[a.Pattern] = append(served[a.Pattern], a.Latency())
		}
	}
	all := make([]Traffic, 0, len(index))
	for name, t := range index {
		t.Latency = quantiles(served[name])
		all = append(all, *t)
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

func quantiles(served []time.Duration) Latency {
	if len(served) == 0 {
		return Latency{}
	}
	slices.Sort(served)
	// The q-th per cent is the smallest value that at least q in a hundred do not exceed.
	at := func(q int) time.Duration { return served[(len(served)*q+99)/100-1] }
	return Latency{P50: at(50), P90: at(90), P99: at(99), Max: served[len(served)-1]}
}

// ControlOf folds the attempts on the control target.
func ControlOf(attempts []Attempt) Control {
	var c Control
	for i := range attempts {
		if a := &attempts[i]; a.Control {
			c.Attempts++
			if a.Dropped() {
				c.Failed++
			}
		}
	}
	return c
}
