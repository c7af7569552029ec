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
	simulation
	want string // "" for none
}

var faults = []fault{
	{"keeps serving, sends close, drains",
		simulation{server: server{preStop: -1, closes: 5 * s, sendsClose: true}, propagation: 2 * s}, ""},
	{"keeps serving, sends close, drains, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 7 * s, sendsClose: true}, propagation: 2 * s, trickles: true}, ""},
	{"keeps serving, sends close, drains, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 7 * s, sendsClose: true}, propagation: 2 * s, trickles: true, reuses: true}, ""},
	{"default action of Go as process 1",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: 2 * s}, exitsAtOnce},
	{"default action, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 143}, propagation: 2 * s, trickles: true}, exitsAtOnce},
	{"default action, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 143}, propagation: 2 * s, trickles: true, reuses: true}, exitsAtOnce},
	{"fast shutdown of nginx: code 0",
		simulation{server: server{preStop: -1, closes: 5 * ms, exits: 5 * ms}, propagation: 2 * s, trickles: true}, exitsAtOnce},
	{"exits with code 0 in the middle of handlers",
		simulation{server: server{preStop: -1, closes: 5 * ms, exits: 5 * ms}, propagation: 2 * s}, exitsAtOnce},
	{"exits at once, nothing slow in flight",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: 2 * s, fastOnly: true}, exitsAtOnce},
	{"exits at once, and every node was updated",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, fastOnly: true}, exitsAtOnce},
	{"exits at once as the only replica",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 2 * ms, exitCode: 2}, propagation: s, replaced: 3 * s}, exitsAtOnce},
	{"Shutdown at once, handlers in flight",
		simulation{server: server{preStop: -1, closes: 2 * ms}, propagation: 2 * s}, closesEarly},
	{"Shutdown at once, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 2 * ms}, propagation: 2 * s, trickles: true}, closesEarly},
	{"Shutdown at once, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 2 * ms}, propagation: 2 * s, trickles: true, reuses: true}, closesEarly},
	{"Shutdown at once, nothing slow in flight",
		simulation{server: server{preStop: -1, closes: 2 * ms}, propagation: 2 * s, fastOnly: true}, closesEarly},
	{"Shutdown at once, and then it does not end",
		simulation{server: server{preStop: -1, closes: 2 * ms, exits: 8 * s, killed: true, exitCode: 137}, propagation: 2 * s}, closesEarly},
	{"no handler as process 1",
		simulation{server: server{preStop: -1, closes: 6 * s, exits: 6 * s, notCaught: true, killed: true, exitCode: 137}, propagation: 2 * s}, ignoresSignal},
	{"no handler as process 1, the only replica",
		simulation{server: server{preStop: -1, closes: 6 * s, exits: 6 * s, notCaught: true, killed: true, exitCode: 137}, propagation: 7 * s, replaced: 4 * s}, ignoresSignal},
	{"behind sh -c",
		simulation{server: server{preStop: -1, closes: 6 * s, exits: 6 * s, notCaught: true, killed: true, exitCode: 137}, propagation: 2 * s,
			spec: timeline.Spec{Command: []string{"/bin/sh", "-c", "./app; true"}}}, ignoresSignal},
	{"delay longer than the grace period",
		simulation{server: server{preStop: -1, closes: 5 * s, exits: 5 * s, killed: true, exitCode: 137, sendsClose: true}, propagation: 2 * s,
			spec: timeline.Spec{Grace: 5 * s}}, graceShorter},
	{"preStop sleeps for the whole grace period",
		simulation{server: server{preStop: 5 * s, closes: 5*s + 2*ms, exits: 5*s + 2*ms, exitCode: 2}, propagation: 2 * s,
			spec: timeline.Spec{Grace: 5 * s, PreStop: "sleep", PreStopSleep: 5 * s}}, graceShorter},
	{"delay shorter than propagation",
		simulation{server: server{preStop: -1, closes: 2 * s, sendsClose: true}, propagation: 5 * s}, delayShorter},
	{"delay shorter than propagation, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 2 * s, sendsClose: true}, propagation: 5 * s, trickles: true}, delayShorter},
	{"delay shorter than propagation, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 2 * s, sendsClose: true}, propagation: 5 * s, trickles: true, reuses: true}, delayShorter},
	{"preStop sleep shorter than propagation, HTTP/1.0",
		simulation{server: server{preStop: 2 * s, closes: 2*s + ms, sendsClose: true}, propagation: 6 * s}, delayShorter},
	{"sleep, then exit",
		simulation{server: server{preStop: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, fastOnly: true}, cutsKeepAlive},
	{"sleep, then exit, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, trickles: true}, cutsKeepAlive},
	{"sleep, then exit, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 10 * s, exits: 10 * s}, propagation: 2 * s, trickles: true, reuses: true}, cutsKeepAlive},
	{"sleep, then Shutdown",
		simulation{server: server{preStop: -1, closes: 10 * s}, propagation: 2 * s}, cutsKeepAlive},
	{"sleep, then Shutdown, slow requests trickle",
		simulation{server: server{preStop: -1, closes: 10 * s}, propagation: 2 * s, trickles: true}, cutsKeepAlive},
	{"sleep, then Shutdown, slow requests trickle, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 10 * s}, propagation: 2 * s, trickles: true, reuses: true}, cutsKeepAlive},
	{"preStop sleep, then the default action",
		simulation{server: server{preStop: 5 * s, closes: 5*s + ms, exits: 5*s + ms, exitCode: 2}, propagation: 2 * s, fastOnly: true}, cutsKeepAlive},
	{"sends close, then exits in the middle of handlers",
		simulation{server: server{preStop: -1, closes: 2 * s, exits: 2 * s, sendsClose: true}, propagation: s}, cutsInFlight},
	{"sends close, then Shutdown drops what trickles in",
		simulation{server: server{preStop: -1, closes: 3 * s, sendsClose: true}, propagation: s, trickles: true}, cutsInFlight},
	{"sends close, then exits while requests trickle in",
		simulation{server: server{preStop: -1, closes: 2 * s, exits: 2 * s, sendsClose: true}, propagation: s, trickles: true}, cutsInFlight},
	{"sends close, then exits while requests trickle in, on keep-alive connections",
		simulation{server: server{preStop: -1, closes: 2 * s, exits: 2 * s, sendsClose: true}, propagation: s, trickles: true, reuses: true}, cutsInFlight},
	{"ready before it can serve",
		simulation{server: server{preStop: -1, closes: 5 * s, sendsClose: true}, propagation: 2 * s, warmUp: 2 * s}, notReady},
	{"answers 503 in the drain",
		simulation{server: server{preStop: -1, closes: 5 * s, sendsClose: true, failing: true}, propagation: 2 * s}, answers5xx},
	{"one replica, its replacement is slow",
		simulation{server: server{preStop: -1, closes: 5 * s, sendsClose: true}, propagation: s, replaced: 7 * s}, noEndpoint},
}

func TestEachFaultIsFoundAlone(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			run := f.simulate()
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
