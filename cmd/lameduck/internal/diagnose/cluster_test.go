package diagnose

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// visibility is how much of a run a cluster shows.
type visibility struct {
	header  bool          // the server names its pod in every response
	seconds bool          // an exit is reported before its second is over (finishedAt)
	late    time.Duration // by so much at most the API server reports its own changes; 0: 50 ms
	exits   time.Duration // by so much at most the kubelet reports an exit; 0: 1.5 s
}

// asCluster reduces a run of the lab to what the API server reports of it:
// dials have no pod, nor have connections unless the server names its pod; the
// kubelet reports late; process 1 of a pod cannot be inspected; the endpoints
// are those of the EndpointSlice.
func asCluster(run *timeline.Run, vis visibility, r *rand.Rand) *timeline.Run {
	run.Stage, run.Accuracy = "cluster", 1500*ms
	removePodNames(run, vis.header)
	var events []timeline.Event
	hooks := map[string]time.Duration{} // how late the start of each is reported
	killed := map[string]bool{}         // at the end of the grace period: an exit code of 137 is not enough
	for _, e := range run.Events {
		reported := e
		late := cmp.Or(vis.late, 50*ms)
		if e.At < ms {
			late = 50 * ms // the pods of the start are listed before the traffic begins
		}
		switch e.Kind {
		case timeline.Ready:
			reported.At += upTo(r, late)
			events = append(events, timeline.Event{At: reported.At, Kind: timeline.EndpointAdded, Pod: e.Pod})
		case timeline.Deleted:
			reported.At += upTo(r, late)
			events = append(events, timeline.Event{At: reported.At, Kind: timeline.EndpointTerminating, Pod: e.Pod})
		case timeline.PreStopEnded:
			continue
		case timeline.Started:
			reported.At += upTo(r, 1500*ms)
		case timeline.PreStopStarted, timeline.Signalled, timeline.Evicted:
			reported.At += upTo(r, 300*ms)
			switch { // the signal after a hook is not reported: it is computed
			case e.Kind == timeline.PreStopStarted:
				hooks[e.Pod] = reported.At - e.At
			case e.Kind == timeline.Signalled && hooks[e.Pod] > 0:
				reported.At = e.At + hooks[e.Pod]
			}
			reported.Caught, reported.HandlerUnknown = e.Kind == timeline.Signalled, e.Kind == timeline.Signalled
		case timeline.Killed:
			killed[e.Pod] = true
			continue
		case timeline.Exited:
			reported.At += 50*ms + upTo(r, cmp.Or(vis.exits, 1500*ms)-50*ms)
			if vis.seconds {
				reported.At = min(reported.At, e.At.Truncate(s)+s)
			}
			events = append(events, timeline.Event{At: reported.At + upTo(r, late), Kind: timeline.EndpointRemoved, Pod: e.Pod})
			if reported.Code == 137 && killed[e.Pod] {
				events = append(events, timeline.Event{At: reported.At, Kind: timeline.Killed, Pod: e.Pod})
			}
		}
		events = append(events, reported)
	}
	run.Events = events
	sortEvents(run)
	return run
}

// stamps are the times that the nodes write into what they report, in whole seconds.
type stamps struct {
	node             time.Duration // by so much their clocks are off
	killing, exiting map[string]time.Duration
}

func newStamps(run *timeline.Run, r *rand.Rand) *stamps {
	st := &stamps{node: upTo(r, s), killing: map[string]time.Duration{}, exiting: map[string]time.Duration{}}
	for _, e := range run.Events {
		switch _, began := st.killing[e.Pod]; {
		case !began && terminates(e.Kind):
			st.killing[e.Pod] = st.of(e.At)
		case e.Kind == timeline.Exited:
			st.exiting[e.Pod] = st.of(e.At)
		}
	}
	return st
}

func terminates(k timeline.Kind) bool {
	return k == timeline.PreStopStarted || k == timeline.Signalled
}

func (st *stamps) of(at time.Duration) time.Duration { return (at + st.node).Truncate(s) }

// apply gives each exit the moments that package cluster takes from its stamp, if that of the start
// of the termination was seen, too.
func (st *stamps) apply(run *timeline.Run) {
	killing, deleted := map[string]time.Duration{}, map[string]time.Duration{}
	for i := range run.Events {
		e := &run.Events[i]
		began, seen := killing[e.Pod]
		switch {
		case e.Kind == timeline.Deleted:
			deleted[e.Pod] = e.At
		case !seen && e.Kind == timeline.Exited:
			e.After = deleted[e.Pod] // as cluster.observer does
		case !seen && terminates(e.Kind):
			killing[e.Pod] = e.At
		case seen && e.Kind == timeline.Exited:
			exiting, stamped := st.exiting[e.Pod]
			if !stamped {
				e.After = began
				continue
			}
			after := exiting - st.killing[e.Pod]
			e.At = max(began, min(e.At, began+after+s))
			e.After = min(e.At, max(began, began+after-s))
		}
	}
	sortEvents(run)
}

func sortEvents(run *timeline.Run) {
	slices.SortStableFunc(run.Events, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
}

// removePodNames leaves the name of a pod only where a response of the server
// had it.
func removePodNames(run *timeline.Run, header bool) {
	named := map[uint64]bool{}
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if a.Pattern == "new" {
			a.End = timeline.Open // such a client itself sends Connection: close
		}
		named[a.Conn] = named[a.Conn] || header && a.Conn != 0 && a.Status != 0
		if !named[a.Conn] {
			a.Pod = ""
		}
	}
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// TestFindingsOnACluster simulates every fault as a cluster shows it, with one
// replica and with three.
func TestFindingsOnACluster(t *testing.T) {
	for _, f := range faults {
		for _, others := range []int{0, 2} {
			if others > 0 && f.replaced != 0 {
				continue // there is another endpoint in that case
			}
			t.Run(fmt.Sprintf("%s/%d replicas", f.name, others+1), func(t *testing.T) {
				sim := f.simulation
				sim.others = others
				lab := sim.simulate()
				for seed := range uint64(4 - others) {
					vis := visibility{header: seed%2 == 0, seconds: seed == 1 || seed == 2}
					check(t, asCluster(copied(lab), vis, rand.New(rand.NewPCG(seed, 3))), f.want, fmt.Sprintf("seed %d, %+v", seed, vis))
				}
			})
		}
	}
}

// TestFindingsInARolloutOfThree replaces three pods one after the other, or all
// at once, so that several terminate at the same time. With -short each fault has one of
// these.
func TestFindingsInARolloutOfThree(t *testing.T) {
	for n, f := range faults {
		if f.replaced != 0 || f.want == notReady {
			continue // for the latter see TestUncertainPodOfARefusal
		}
		t.Run(f.name, func(t *testing.T) {
			onePod := f.simulate()
			for i, apart := range []time.Duration{0, 1500 * ms, 6 * s} {
				if testing.Short() && i != n%3 {
					continue
				}
				lab := repeated(onePod, apart)
				check(t, lab, f.want, fmt.Sprintf("lab, %v apart", apart))
				for _, header := range []bool{true, false} {
					vis := visibility{header: header}
					check(t, asCluster(copied(lab), vis, rand.New(rand.NewPCG(uint64(i), 5))), f.want, fmt.Sprintf("%+v, %v apart", vis, apart))
				}
			}
		})
	}
}

// TestExitsReportedLate: three pods that exit at the signal all at once, of which the kubelet
// reports it up to three seconds later. That they ran so long is not known.
func TestExitsReportedLate(t *testing.T) {
	for _, f := range faults {
		if f.want != exitsAtOnce || f.replaced != 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			lab := repeated(f.simulate(), 0)
			for seed := range uint64(6) {
				r := rand.New(rand.NewPCG(seed, 16))
				stamps := newStamps(lab, r)
				run := asCluster(copied(lab), visibility{header: seed%2 == 0, exits: 3 * s}, r)
				if seed >= 2 {
					clear(stamps.exiting) // the runtime gave no time
				}
				stamps.apply(run)
				for _, id := range idsOf(Findings(attributed(run))) {
					if id != exitsAtOnce {
						t.Errorf("seed %d: %s", seed, id)
					}
				}
			}
		})
	}
}

// TestUncertainPodOfARefusal: while one pod does not listen yet, another has
// been signalled and a third has exited, nothing shows which of them refused a
// dial, even if every response names its pod. Then the test asks only that each
// drop is explained once by one of the three, and that in the evidence
// the pod is only likely.
func TestUncertainPodOfARefusal(t *testing.T) {
	i := slices.IndexFunc(faults, func(f fault) bool { return f.want == notReady })
	for _, apart := range []time.Duration{0, 1500 * ms, 6 * s} {
		run := attributed(asCluster(repeated(faults[i].simulate(), apart), visibility{}, rand.New(rand.NewPCG(1, 6))))
		found := Findings(run)
		checkSum(t, run, found)
		doubt := 0
		for _, x := range found {
			if !slices.Contains([]string{notReady, closesEarly, delayShorter, unexplained}, x.ID) {
				t.Errorf("%v apart: %s", apart, x.ID)
			}
			if strings.Contains(x.Evidence, "only likely") {
				doubt++
			}
		}
		if doubt == 0 {
			t.Errorf("%v apart: no uncertain pod in %v", apart, found)
		}
	}
}

func check(t *testing.T, run *timeline.Run, want, what string) {
	t.Helper()
	run = attributed(run)
	found := Findings(run)
	if len(found) > 1 || len(found) == 0 != (want == "") || len(found) == 1 && found[0].ID != want {
		t.Errorf("%s: want %q alone", what, want)
		for _, x := range found {
			t.Logf("%s: %s", x.ID, x.Evidence)
		}
	}
	checkSum(t, run, found)
}

func copied(run *timeline.Run) *timeline.Run {
	clone := *run
	clone.Attempts, clone.Events = slices.Clone(run.Attempts), slices.Clone(run.Events)
	return &clone
}

// repeated puts three copies of a run into one, each so much later and with
// pods, clients and connections of its own.
func repeated(run *timeline.Run, apart time.Duration) *timeline.Run {
	all := *run
	all.Attempts, all.Events = make([]timeline.Attempt, 0, 3*len(run.Attempts)), nil
	for i := range 3 {
		by, suffix := apart*time.Duration(i), fmt.Sprintf("-%c", 'a'+i)
		all.Attempts = append(all.Attempts, run.Attempts...)
		for j := range run.Attempts {
			a := &all.Attempts[i*len(run.Attempts)+j]
			for _, at := range []*time.Duration{&a.Scheduled, &a.Started, &a.Sent, &a.Ended} {
				if *at != never {
					*at += by
				}
			}
			if a.End != timeline.Open {
				a.EndedConn += by
			}
			if a.Conn != 0 {
				a.Conn = a.Conn*3 + uint64(i)
			}
			if a.Pod != "" {
				a.Pod += suffix
			}
		}
		for _, e := range run.Events {
			e.Pod += suffix
			e.At += by
			for _, at := range []*time.Duration{&e.After, &e.StalledAfter, &e.StalledBy} {
				if *at > 0 {
					*at += by
				}
			}
			all.Events = append(all.Events, e)
		}
	}
	all.Attempts = byEnd(all.Attempts)
	slices.SortStableFunc(all.Events, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
	return &all
}

// TestPreStopEndNotSeen: of an exec or httpGet hook a cluster reports the start
// only. The findings are the same, but one: a pod that was killed after such a
// hook may have had no time, or have ignored the signal, and the finding is
// then that its grace period was too short for what it did.
func TestPreStopEndNotSeen(t *testing.T) {
	for _, f := range faults {
		if f.preStop < 0 || f.spec.PreStopSleep > 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			run := asCluster(f.simulate(), visibility{}, rand.New(rand.NewPCG(1, 8)))
			var events []timeline.Event
			for _, e := range run.Events {
				if e.Kind != timeline.Signalled {
					events = append(events, e)
				}
			}
			run.Events = events
			check(t, run, f.want, "no signal seen")
		})
	}
	t.Run("killed", func(t *testing.T) {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.PreStopStarted, "a"),
			event(20*s, timeline.Killed, "a"), timeline.Event{At: 20 * s, Kind: timeline.Exited, Pod: "a", Code: 137})
		b.Stage, b.Accuracy = "cluster", 1500*ms
		check(t, &b.try(9*s, "").try(15*s, "").try(25*s, "", refused).Run, graceShorter, "killed after a hook")
	})
}

func TestRecommendOnACluster(t *testing.T) {
	cluster := func(change ...func(*built)) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(0, timeline.Started, "b"), event(1, timeline.Ready, "b"),
			event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"), event(15*s, timeline.Exited, "a"))
		b.Stage, b.Accuracy = "cluster", 300*ms
		b.try(s, "")
		for _, c := range change {
			c(b)
		}
		b.Run = *attributed(&b.Run)
		return b
	}
	for _, tt := range []struct {
		name  string
		run   *built
		delay int
		why   string
	}{
		{"both may have taken it", cluster(func(b *built) { b.try(12*s, "") }), 0, "the pod of 1 new connection after"},
		{"none came", cluster(func(b *built) { b.try(16*s, "") }), 1, "no new connection arrived"},
		{"refused", cluster(func(b *built) { b.try(14*s, "", refused).try(12*s, "") }), 6, "4.00 s after termination began (a), × 1.25 + 1 s makes 6 s of delay (1 connection surely went to a terminating pod; 1 more may have)"},
		{"named", cluster(func(b *built) { b.try(14*s, "a").try(14500*ms, "b") }), 6, "4.00 s after termination began (a), × 1.25 + 1 s makes 6 s of delay;"},
		{"kube-proxy shows it", cluster(func(b *built) {
			b.try(12*s, "")
			b.Events = append(b.Events, timeline.Event{At: 13 * s, Kind: timeline.EndpointTerminating, Pod: "a", Source: timeline.SourceProxy, Node: "n1"}, timeline.Event{At: 12 * s, Kind: timeline.EndpointTerminating, Pod: "a", Source: timeline.SourceProxy, Node: "n2"},
				timeline.Event{At: 15200 * ms, Kind: timeline.EndpointRemoved, Pod: "a", Source: timeline.SourceProxy, Node: "n1"}) // after it was already terminating
		}), 5, "the last kube-proxy was updated 3.00 s after"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := Recommend(&tt.run.Run); r.DelaySeconds != tt.delay || !strings.Contains(r.Why, tt.why) {
				t.Errorf("got %+v, want delay %d, because %q", r, tt.delay, tt.why)
			}
		})
	}
}

// TestALikelyPodIsNoProof: a connection that may have been another pod's ended
// between the last response of this one and the report of its exit.
func TestALikelyPodIsNoProof(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"),
		timeline.Event{At: 10400 * ms, Kind: timeline.Exited, Pod: "a", Code: 2})
	b.Stage, b.Accuracy = "cluster", 1500*ms
	b.try(9*s, "a").try(10050*ms, "a", refused).try(9*s, "a", lasting(1350*ms), failing(timeline.EOF), func(a *timeline.Attempt) { a.PodBy = timeline.Probable })
	if found := Findings(&b.Run); len(found) != 1 || found[0].ID != exitsAtOnce {
		t.Errorf("%+v, want %s alone", found, exitsAtOnce)
	}
}

// TestACutIsNoProofOfARunningProcess: a busy client notices the exit late, or
// was refused before it for another reason. Only where the moment of the exit
// is known exactly can the two be distinguished.
func TestACutIsNoProofOfARunningProcess(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"),
		timeline.Event{At: 10400 * ms, Kind: timeline.Exited, Pod: "a", Code: 2})
	b.Stage, b.Accuracy = "cluster", 1500*ms
	b.try(9*s, "a").try(10050*ms, "a", refused).try(9*s, "a", lasting(1350*ms), failing(timeline.Reset))
	if found := Findings(&b.Run); len(found) != 1 || found[0].ID != exitsAtOnce {
		t.Errorf("%+v, want %s alone", found, exitsAtOnce)
	}
}

// TestALateReportOfAnExit: the kubelet reports an exit up to 1.5 s late. A
// connection whose end a client has seen shortly before that report shows that
// the process ran after its listener was closed only if the connection surely
// was this pod's, and only if the client itself was not late.
func TestALateReportOfAnExit(t *testing.T) {
	likely := func(a *timeline.Attempt) { a.PodBy = timeline.Probable }
	surely := func(*timeline.Attempt) {}
	for _, tt := range []struct {
		name    string
		control time.Duration // what the control target needed meanwhile
		pod     func(*timeline.Attempt)
		want    string
	}{
		{"the pod is only likely", 0, likely, exitsAtOnce},
		{"the client was late", 1200 * ms, surely, exitsAtOnce},
		{"a connection of its own, and an idle machine", 0, surely, closesEarly},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"),
				timeline.Event{At: 11500 * ms, Kind: timeline.Exited, Pod: "a", Code: 2})
			b.Stage, b.Accuracy = "cluster", 1500*ms
			b.try(9*s, "a").try(10050*ms, "a", refused).try(9*s, "a", lasting(2300*ms), failing(timeline.EOF), tt.pod)
			b.try(10*s, "", lasting(tt.control), func(a *timeline.Attempt) { a.Control = true })
			if found := Findings(&b.Run); len(found) != 1 || found[0].ID != tt.want {
				t.Errorf("%+v, want %s alone", found, tt.want)
			}
		})
	}
}

// TestShutdownOfAStatefulSet: http.Server.Shutdown closes idle connections at once, and
// a connection whose first head it reads as soon as that is complete. All nodes know
// of the termination so soon that hardly a new connection is refused.
func TestShutdownOfAStatefulSet(t *testing.T) {
	for name, refusals := range map[string]bool{"one was refused": true, "none was refused": false} {
		t.Run(name, func(t *testing.T) {
			b := build(event(0, timeline.Started, "a-0"), event(1, timeline.Ready, "a-0"), event(0, timeline.Started, "a-1"), event(1, timeline.Ready, "a-1"),
				event(7150*ms, timeline.Deleted, "a-1"), event(7160*ms, timeline.Signalled, "a-1"), event(8850*ms, timeline.Exited, "a-1"),
				event(13200*ms, timeline.Deleted, "a-0"), event(13210*ms, timeline.Signalled, "a-0"), event(13700*ms, timeline.Exited, "a-0"))
			b.Stage, b.Accuracy = "cluster", 1500*ms
			slow := func(sent time.Duration) func(*timeline.Attempt) {
				return func(a *timeline.Attempt) { a.Pattern, a.Sent = "slow", sent }
			}
			for at := s; at < 7*s; at += 100 * ms {
				b.try(at, "a-1").try(at, "a-0")
			}
			for at := 7100 * ms; at < 13*s; at += 100 * ms {
				b.try(at, "a-0")
			}
			b.try(7180*ms, "a-1").try(13220*ms, "a-0")
			for i := range uint64(4) {
				b.try(s, "a-1", on(1000+i)).try(s, "a-0", on(2000+i)) // kept, and about to be used again
				b.try(7*s-time.Duration(i)*ms, "a-1", on(1000+i), slow(never), lasting(190*ms), failing(timeline.EOF))
				b.try(13*s-time.Duration(i)*ms, "a-0", on(2000+i), slow(never), lasting(240*ms), failing(timeline.EOF))
			}
			for _, began := range []time.Duration{6100 * ms, 6300 * ms} {
				b.try(began, "a-1", slow(began+2*s-ms), lasting(2*s), failing(timeline.EOF))
			}
			if refusals {
				b.try(7200*ms, "a-1", refused)
			}
			if found := Findings(&b.Run); len(found) != 1 || found[0].ID != closesEarly {
				t.Errorf("%+v, want %s alone", found, closesEarly)
			}
		})
	}
}

// TestEitherPod: a pod that terminates and one that is new may both be the one that
// refuses connections. The probe at the port of the Service, and what either surely
// accepted, show which.
func TestEitherPod(t *testing.T) {
	run := func(change func(*built)) finding.Diagnosis {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(8*s, timeline.Started, "b"), event(9*s, timeline.Ready, "b"),
			event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"), event(15*s, timeline.Exited, "a"))
		b.Stage, b.Accuracy = "cluster", 300*ms
		for at := s; at < 14*s; at += 100 * ms {
			b.try(at, "")
		}
		for at := 10100 * ms; at < 12*s; at += 100 * ms {
			b.try(at, "", refused)
		}
		b.try(9*s, "a", on(1)).try(9500*ms, "a", on(1)) // so that pods have names
		change(b)
		return diagnosed(attributed(withClasses(&b.Run)))
	}
	for _, tt := range []struct {
		name   string
		change func(*built)
		want   string // "" for inconclusive
	}{
		{"either", func(*built) {}, ""},
		{"the probe shows that new pods listen", func(b *built) { b.Spec.ReadyListens = true }, closesEarly},
		{"the new pod had responded", func(b *built) { b.try(9500*ms, "b") }, closesEarly},
		{"the old pod accepts one later", func(b *built) { b.try(13*s, "a") }, notReady},
		{"the new pod is an endpoint before the refusals", func(b *built) { inSlices(b, event(9200*ms, timeline.EndpointAdded, "b")) }, ""},
		{"the new pod becomes an endpoint only after them", func(b *built) { inSlices(b, event(12500*ms, timeline.EndpointAdded, "b")) }, closesEarly},
		{"the new pod is no endpoint of the Service", func(b *built) { inSlices(b) }, closesEarly},
	} {
		d := run(tt.change)
		if got := strings.Join(idsOf(d.Findings), " "); got != tt.want || (tt.want == "") != (d.Verdict == finding.Inconclusive) {
			t.Errorf("%s: %s, %q (%s), want %q", tt.name, d.Verdict, got, d.Reason, tt.want)
		}
	}
}

// inSlices adds what the EndpointSlices have of pod a, and of a pod c that serves all the
// time, and more.
func inSlices(b *built, more ...timeline.Event) {
	b.with(event(1, timeline.EndpointAdded, "a"), event(10*s, timeline.EndpointTerminating, "a"), event(15*s, timeline.EndpointRemoved, "a"))
	b.with(event(0, timeline.Started, "c"), event(1, timeline.Ready, "c"), event(1, timeline.EndpointAdded, "c")).with(more...).try(2*s, "c")
}

// TestTheReadyEventIsLost: a pod whose endpoint is terminating was ready before.
func TestTheReadyEventIsLost(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(5*s, timeline.Ready, "b"), event(5*s, timeline.EndpointAdded, "b"),
		event(10*s, timeline.EndpointTerminating, "a"), event(10*s, timeline.Deleted, "a"), event(10*s, timeline.Signalled, "a"), event(13*s, timeline.Exited, "a"))
	b.Stage, b.Accuracy = "cluster", 300*ms
	b.try(9*s, "").try(11*s, "", lasting(1900*ms), failing(timeline.EOF))
	if run := attributed(withClasses(&b.Run)); run.Attempts[1].Pod != "a" {
		t.Errorf("%+v", run.Attempts[1])
	}
}

// interrupted lets the watches of a cluster's run see no change between two moments: what
// changes meanwhile has a moment just after. The end of a hook is computed from its start.
func interrupted(run *timeline.Run, from, to time.Duration) *timeline.Run {
	hookLate, exits := map[string]time.Duration{}, map[string]time.Duration{}
	for i := range run.Events {
		e := &run.Events[i]
		at := e.At
		switch {
		case e.Kind == timeline.Signalled && hookLate[e.Pod] > 0:
			e.At += hookLate[e.Pod]
		case at > from && at < to:
			e.At = to + ms
		}
		switch e.Kind {
		case timeline.PreStopStarted:
			hookLate[e.Pod] = e.At - at
		case timeline.Exited:
			exits[e.Pod] = e.At
		}
	}
	run.Events = slices.DeleteFunc(run.Events, func(e timeline.Event) bool {
		return e.Kind == timeline.Signalled && hookLate[e.Pod] > 0 && e.At > exits[e.Pod]
	})
	run.Events = append(run.Events, timeline.Event{Kind: timeline.Unwatched, Detail: "pods", Due: from, At: to})
	slices.SortStableFunc(run.Events, func(a, b timeline.Event) int { return cmp.Compare(a.At, b.At) })
	return run
}

// TestAWatchIsInterrupted about the termination, for longer than events are late otherwise: the
// right finding is found, or none is certain.
func TestAWatchIsInterrupted(t *testing.T) {
	certain, all := 0, 0
	for n, f := range faults {
		r := rand.New(rand.NewPCG(uint64(n), 10))
		lab := f.simulate()
		for range 4 {
			from := simT0 + between(r, -4*s, 4*s)
			run := interrupted(asCluster(copied(lab), visibility{header: coin(r), seconds: coin(r)}, r), max(0, from), max(0, from)+between(r, 2*s, 10*s))
			d := diagnosed(attributed(withClasses(run)))
			checkSum(t, run, d.Findings)
			all++
			if d.Verdict == finding.Inconclusive {
				continue
			}
			if certain++; !isRight(idsOf(d.Findings), f.want) {
				t.Errorf("%s, from %v: %v, want %q", f.name, from, idsOf(d.Findings), f.want)
			}
		}
	}
	if certain == 0 || certain == all {
		t.Errorf("%d of %d are certain", certain, all)
	}
}
