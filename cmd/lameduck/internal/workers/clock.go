package workers

import "time"

// Clock is how far the wall clock of a worker's node is from ours. It does not
// matter to the attempts, which are measured on monotonic clocks and moved by a
// measured offset; it does to times that the node itself records, such as the
// kubelet's.
type Clock struct {
	Node        string
	Skew        time.Duration // the node's wall clock minus ours
	Uncertainty time.Duration // of the offset and of the skew, either way
}

// sample is one ping and its pong, in the order of the moments.
type sample struct {
	sent, arrived, answered, received time.Duration // ours, the worker's, the worker's, ours
	theirs, ours                      time.Time     // the wall clocks when it was answered, and when the answer was received
}

// transit is the sum of the times that the two messages took.
func (s sample) transit() time.Duration {
	return max(0, (s.received-s.sent)-(s.answered-s.arrived))
}

// offset is what has to be added to the worker's moments to have ours, if
// both messages took the same time. It is wrong by half the transit at most,
// however they shared it.
func (s sample) offset() time.Duration {
	return (s.sent+s.received)/2 - (s.arrived+s.answered)/2
}

func (s sample) skew() time.Duration {
	return s.theirs.Sub(s.ours.Add(-s.transit() / 2).Round(0))
}

// estimate is the offset between two monotonic clocks, as NTP finds it: the
// sample with the shortest transit counts. Once attempts have been moved by an
// offset it is fixed, so that their order is, unless a later sample proves that
// the clocks have drifted: then it moves as little as that sample requires.
type estimate struct {
	offset      time.Duration
	uncertainty time.Duration
	skew        time.Duration
	shortest    time.Duration // transit
	known       bool
	settled     bool // attempts have been moved
}

func (e *estimate) add(s sample) {
	half := s.transit() / 2
	better := !e.known || s.transit() < e.shortest
	if better {
		e.shortest, e.skew = s.transit(), s.skew()
	}
	switch {
	case e.settled:
		low, high := s.offset()-half, s.offset()+half
		e.offset = min(max(e.offset, low), high)
		e.uncertainty = min(e.uncertainty, max(e.offset-low, high-e.offset))
	case better:
		e.offset, e.uncertainty = s.offset(), half
	}
	e.known = true
}
