package lameduck

import (
	"fmt"
	"time"
)

// A Phase is how far a Process has come. A preStop call that no stop signal
// follows leads from the lame duck back to serving.
type Phase string

// The phases in their order. A Process that has not been run is in none: "".
const (
	PhaseServing   Phase = "serving"
	PhaseLameDuck  Phase = "lame duck" // from T0 on
	PhaseFinishing Phase = "finishing" // the listeners are closed, and what is in flight finishes
	PhaseCut       Phase = "cut"       // what was still in flight is cut; left out if nothing was
	PhaseClosers   Phase = "closers"   // closers run; left out if there are none
	PhaseEnded     Phase = "ended"
)

// A Status is what a Process is doing at one moment: see [Process.Status].
// Its JSON is that of [Debug].
type Status struct {
	Phase Phase     `json:"phase"`        // empty before Run
	By    string    `json:"by,omitempty"` // what began the termination: SIGTERM, preStop, ...; empty while serving
	T0    time.Time `json:"t0,omitzero"`  // when it began; zero while serving

	Connections     int `json:"connections"`      // open, idle ones too
	LateConnections int `json:"late_connections"` // that came after T0, with a request that was no probe
	LateRequests    int `json:"late_requests"`    // that came after T0, probes not counted
	ClosedIdle      int `json:"closed_idle"`      // idle connections that p has closed although their client had not been asked to leave
	Cut             int `json:"cut"`              // requests, hijacked connections, workers and closers ended before they were done

	InFlight []Work `json:"in_flight"` // oldest first
}

const (
	manyWorks  = 20 // more Works than this are grouped by their title
	mostGroups = 50 // of more groups than this the rest is only counted
)

// outline is what is in flight: a line for each Work, or for each title if there are
// many Works; the oldest first, as in InFlight.
func (s Status) outline(now time.Time) (lines []string) {
	if len(s.InFlight) > manyWorks {
		return s.groups(now)
	}
	for _, w := range s.InFlight {
		lines = append(lines, w.line(s.T0, now))
	}
	return lines
}

func (s Status) groups(now time.Time) (lines []string) {
	var oldest []Work
	count := map[string]int{}
	for _, w := range s.InFlight {
		if count[w.title()]++; count[w.title()] == 1 {
			oldest = append(oldest, w)
		}
	}
	for i, w := range oldest {
		if i == mostGroups {
			return append(lines, fmt.Sprintf("... and %d other kinds", len(oldest)-i))
		}
		lines = append(lines, w.lineOf(count[w.title()], s.T0, now))
	}
	return lines
}
