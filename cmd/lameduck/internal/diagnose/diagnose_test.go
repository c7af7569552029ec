package diagnose

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

var show = flag.Bool("show", false, "print the findings of every case")

const (
	s  = time.Second
	ms = time.Millisecond
)

type fault struct {
	name string
	theatre
	want string // "" for none
}

var faults = []fault{
	{"serves on, says goodbye, drains",
		theatre{server: server{hook: -1, closes: 5 * s, goodbye: true}, propagation: 2 * s}, ""},
	{"serves on, says goodbye, drains, slow requests trickle",
		theatre{server: server{hook: -1, closes: 7 * s, goodbye: true}, propagation: 2 * s, trickles: true}, ""},
	{"serves on, says goodbye, drains, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 7 * s, goodbye: true}, propagation: 2 * s, trickles: true, keeps: true}, ""},
	{"default action of Go as process 1",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: 2 * s}, exitsAtOnce},
	{"default action, slow requests trickle",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 143}, propagation: 2 * s, trickles: true}, exitsAtOnce},
	{"default action, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 143}, propagation: 2 * s, trickles: true, keeps: true}, exitsAtOnce},
	{"fast shutdown of nginx: code 0",
		theatre{server: server{hook: -1, closes: 5 * ms, exits: 5 * ms}, propagation: 2 * s, trickles: true}, exitsAtOnce},
	{"exits with code 0 in the middle of handlers",
		theatre{server: server{hook: -1, closes: 5 * ms, exits: 5 * ms}, propagation: 2 * s}, exitsAtOnce},
	{"exits at once, nothing slow in flight",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: 2 * s, fastOnly: true}, exitsAtOnce},
	{"exits at once, and every node knew",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, fastOnly: true}, exitsAtOnce},
	{"exits at once as the only replica",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: s, replaced: 3 * s}, exitsAtOnce},
	{"Shutdown at once, handlers in flight",
		theatre{server: server{hook: -1, closes: 2 * ms}, propagation: 2 * s}, closesEarly},
	{"Shutdown at once, slow requests trickle",
		theatre{server: server{hook: -1, closes: 2 * ms}, propagation: 2 * s, trickles: true}, closesEarly},
	{"Shutdown at once, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 2 * ms}, propagation: 2 * s, trickles: true, keeps: true}, closesEarly},
	{"Shutdown at once, nothing slow in flight",
		theatre{server: server{hook: -1, closes: 2 * ms}, propagation: 2 * s, fastOnly: true}, closesEarly},
	{"Shutdown at once, and then it hangs",
		theatre{server: server{hook: -1, closes: 2 * ms, exits: 8 * s, killed: true, exitCode: 137}, propagation: 2 * s}, closesEarly},
	{"no handler as process 1",
		theatre{server: server{hook: -1, closes: 6 * s, exits: 6 * s, deaf: true, killed: true, exitCode: 137}, propagation: 2 * s}, ignoresSignal},
	{"no handler as process 1, the only replica",
		theatre{server: server{hook: -1, closes: 6 * s, exits: 6 * s, deaf: true, killed: true, exitCode: 137}, propagation: 7 * s, replaced: 4 * s}, ignoresSignal},
	{"behind sh -c",
		theatre{server: server{hook: -1, closes: 6 * s, exits: 6 * s, deaf: true, killed: true, exitCode: 137}, propagation: 2 * s,
			spec: timeline.Spec{Command: []string{"/bin/sh", "-c", "./app; true"}}}, ignoresSignal},
	{"delay longer than the grace period",
		theatre{server: server{hook: -1, closes: 5 * s, exits: 5 * s, killed: true, exitCode: 137, goodbye: true}, propagation: 2 * s,
			spec: timeline.Spec{Grace: 5 * s}}, graceShorter},
	{"preStop sleeps for the whole grace period",
		theatre{server: server{hook: 5 * s, closes: 5*s + 2*ms, exits: 5*s + 2*ms, exitCode: 2}, propagation: 2 * s,
			spec: timeline.Spec{Grace: 5 * s, PreStop: "sleep", PreStopSleep: 5 * s}}, graceShorter},
	{"delay shorter than propagation",
		theatre{server: server{hook: -1, closes: 2 * s, goodbye: true}, propagation: 5 * s}, delayShorter},
	{"delay shorter than propagation, slow requests trickle",
		theatre{server: server{hook: -1, closes: 2 * s, goodbye: true}, propagation: 5 * s, trickles: true}, delayShorter},
	{"delay shorter than propagation, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 2 * s, goodbye: true}, propagation: 5 * s, trickles: true, keeps: true}, delayShorter},
	{"preStop sleep shorter than propagation, HTTP/1.0",
		theatre{server: server{hook: 2 * s, closes: 2*s + ms, goodbye: true}, propagation: 6 * s}, delayShorter},
	{"sleep, then exit",
		theatre{server: server{hook: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, fastOnly: true}, cutsKeepAlive},
	{"sleep, then exit, slow requests trickle",
		theatre{server: server{hook: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, trickles: true}, cutsKeepAlive},
	{"sleep, then exit, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, trickles: true, keeps: true}, cutsKeepAlive},
	{"sleep, then Shutdown",
		theatre{server: server{hook: -1, closes: 10 * s}, propagation: 2 * s}, cutsKeepAlive},
	{"sleep, then Shutdown, slow requests trickle",
		theatre{server: server{hook: -1, closes: 10 * s}, propagation: 2 * s, trickles: true}, cutsKeepAlive},
	{"sleep, then Shutdown, slow requests trickle, on kept connections",
		theatre{server: server{hook: -1, closes: 10 * s}, propagation: 2 * s, trickles: true, keeps: true}, cutsKeepAlive},
	{"preStop sleep, then the default action",
		theatre{server: server{hook: 5 * s, closes: 5*s + ms, exits: 5*s + ms, exitCode: 2}, propagation: 2 * s, fastOnly: true}, cutsKeepAlive},
	{"says goodbye, then exits in the middle of handlers",
		theatre{server: server{hook: -1, closes: 2 * s, exits: 2 * s, goodbye: true}, propagation: s}, cutsInFlight},
	{"says goodbye, then Shutdown drops what trickles in",
		theatre{server: server{hook: -1, closes: 3 * s, goodbye: true}, propagation: s, trickles: true}, cutsInFlight},
	{"says goodbye, then exits while requests trickle in",
		theatre{server: server{hook: -1, closes: 2 * s, exits: 2 * s, goodbye: true}, propagation: s, trickles: true}, cutsInFlight},
	{"says goodbye, then exits while requests trickle in, on kept connections",
		theatre{server: server{hook: -1, closes: 2 * s, exits: 2 * s, goodbye: true}, propagation: s, trickles: true, keeps: true}, cutsInFlight},
	{"serves before it can",
		theatre{server: server{hook: -1, closes: 5 * s, goodbye: true}, propagation: 2 * s, warmUp: 2 * s}, notReady},
	{"answers 503 in the drain",
		theatre{server: server{hook: -1, closes: 5 * s, goodbye: true, failing: true}, propagation: 2 * s}, answers5xx},
	{"one replica, its replacement is slow",
		theatre{server: server{hook: -1, closes: 5 * s, goodbye: true}, propagation: s, replaced: 7 * s}, noEndpoint},
}

func TestEachFaultIsFoundAlone(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			run := f.play()
			found := Findings(run)
			if *show {
				print(found, Recommend(run))
			}
			var ids []string
			for _, x := range found {
				ids = append(ids, x.ID)
			}
			var want []string
			if f.want != "" {
				want = []string{f.want}
			}
			if !slices.Equal(ids, want) {
				t.Errorf("found %v, want %v", ids, want)
				print(found, Recommend(run))
			}
			checkSum(t, run, found)
		})
	}
}

func print(found []finding.Finding, r finding.Recommendation) {
	for _, x := range found {
		fmt.Printf("%s: %s\n  %s\n%s\n", x.ID, x.Summary, x.Evidence, x.Fix)
	}
	fmt.Printf("%+v\n", r)
}

func checkSum(t *testing.T, run *timeline.Run, found []finding.Finding) {
	t.Helper()
	dropped, explained := 0, 0
	for i := range run.Attempts {
		if a := &run.Attempts[i]; a.Dropped() && !a.Control {
			dropped++
		}
	}
	for _, x := range found {
		explained += x.Drops
		if x.Drops < 0 || x.ID == "" || x.Summary == "" || x.Evidence == "" || x.Fix == "" {
			t.Errorf("incomplete: %+v", x)
		}
	}
	if dropped != explained {
		t.Errorf("%d drops, %d explained", dropped, explained)
	}
}
