package diagnose

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// A simulation is one rolling update from app-1 to app-2 as clients would see
// it, so that each fault comes with its side effects. All moments are exact.
type simulation struct {
	server
	propagation time.Duration // the slowest node knows of app-2 so long after T0, the others evenly before
	trickles    bool          // slow requests trickle in (else the handler takes the time)
	reuses      bool          // every second client uses its connection again for slow requests
	fastOnly    bool          // no slow requests
	warmUp      time.Duration // app-2 refuses for so long after it is ready
	replaced    time.Duration // app-2 is ready so long after T0; before, without app-1 there is no endpoint. 0: before T0
	others      int           // more replicas, which are not replaced
	stall       *stall        // of all parties on the machine; nil: none
	idleTimeout time.Duration // the server closes a connection that is idle for longer; 0: never
	headTimeout time.Duration // the server cuts a slow request that takes longer; 0: never
	looks       time.Duration // between two looks at the accept queue; 0: lookPeriod
	spec        timeline.Spec
	cutsWhole   bool // a result: app-1 cut a request that it had had whole for a while
}

// server is how app-1 terminates. Times count from T0.
type server struct {
	preStop    time.Duration // of preStop before the signal; -1: no hook
	hook       string        // its command, if that matters
	closes     time.Duration // when its listener closes and idle connections are closed
	exits      time.Duration // when the process exits; 0: when it has finished what was in flight
	sendsClose bool          // sends Connection: close with every response
	failing    bool          // answers 503
	notCaught  bool          // has no handler for the signal
	killed     bool          // by the kubelet
	exitCode   int
	silent     bool          // accepts connections after T0, and answers no request that begins then
	stuck      bool          // accepts none after T0, with its listener open
	reacts     time.Duration // it begins to act on the signal so long after T0; closes and exits have their own times
	takes      time.Duration // for each response; 0: 1 ms
	// lingers is for how long process 1 runs when its workers have ended: it holds the
	// listener, if that is stuck, and accepts no connection.
	lingers time.Duration
}

// stall is a time in which no process of the machine gets a processor: what is due
// meanwhile happens when it is over, each party at its own moment.
type stall struct {
	from, to time.Duration
	random   *rand.Rand
	behind   map[party]time.Duration // how long after the stall each begins to run
}

// party is a process, or a thread, of the simulation.
type party int

const (
	controlPlane party = iota
	serverProcess
	firstClient
)

// at is when a party does what is due at a moment.
func (s *stall) at(due time.Duration, p party) time.Duration {
	if s == nil || due < s.from || due >= s.to {
		return due
	}
	if _, known := s.behind[p]; !known {
		s.behind[p] = time.Duration(s.random.Int64N(int64(20 * time.Millisecond)))
	}
	return s.to + s.behind[p] + (due-s.from)/256
}

// wins reports whether one of two parties that are ready at the same time is first.
func (s *stall) wins() bool { return s.random.IntN(2) == 0 }

const (
	simT0      = 3 * time.Second  // T0, when it is due
	trafficEnd = 20 * time.Second // of the traffic
	slowFor    = 3 * time.Second  // how long a slow request takes
)

type client struct {
	pattern string
	period  time.Duration // between the end of a request and the next; of new: between their starts
	first   time.Duration
	learns  time.Duration
	once    bool // each request on a connection of its own
	party   party
	node    string
}

func (t *simulation) simulate() *timeline.Run {
	run := &timeline.Run{Stage: "lab", Action: "rollout", Spec: t.spec}
	r := &recorder{simulation: t, run: run, stalled: never}
	clients := t.clients()
	run.Attempts = make([]timeline.Attempt, 0, len(clients)*int(trafficEnd/(100*time.Millisecond))) // about as many as they will make
	for i, c := range clients {
		c.party, c.node = firstClient+party(i), fmt.Sprintf("node-%d", i)
		r.runClient(c)
	}
	run.Attempts = byEnd(run.Attempts)
	run.Events = append(t.events(r.lastBusy, r.stalled), run.Events...)
	if t.stall != nil {
		run.Events = append(run.Events, timeline.Event{At: t.stall.to, Due: t.stall.from, Kind: timeline.Stalled})
		for i, c := range clients {
			due := simT0 + c.learns
			run.Events = append(run.Events, timeline.Event{At: t.stall.at(due, controlPlane), Due: due, Kind: timeline.EndpointTerminating, Pod: "app-1", Node: fmt.Sprintf("node-%d", i)})
		}
	}
	return run
}

// byEnd returns the attempts in order of their end. An attempt is large: it is
// moved once, and not at each comparison.
func byEnd(attempts []timeline.Attempt) []timeline.Attempt {
	order := make([]*timeline.Attempt, len(attempts))
	for i := range attempts {
		order[i] = &attempts[i]
	}
	slices.SortStableFunc(order, func(a, b *timeline.Attempt) int { return cmp.Compare(a.Ended, b.Ended) })
	sorted := make([]timeline.Attempt, len(attempts))
	for i, a := range order {
		sorted[i] = *a
	}
	return sorted
}

func (t *simulation) clients() []client {
	var all []client
	replicas := 1 + t.others
	for i := range 10 * replicas {
		share := t.propagation * time.Duration(i+1) / time.Duration(10*replicas)
		at := time.Duration(i) * 11 * time.Millisecond
		all = append(all,
			client{pattern: "new", period: 100 * time.Millisecond, first: at, learns: share},
			client{pattern: "keepalive", period: 90 * time.Millisecond, first: at, learns: share})
		if !t.fastOnly && i < 5*replicas {
			all = append(all, client{pattern: "slow", period: 30 * time.Millisecond, first: at * 30, learns: share, once: !t.reuses || i%2 == 1})
		}
	}
	return all
}

func (t *simulation) events(lastBusy, stalled time.Duration) []timeline.Event {
	signal, t0 := t.t0(), t.t0()
	var events []timeline.Event
	add := func(at time.Duration, k timeline.Kind, pod string) *timeline.Event {
		events = append(events, timeline.Event{At: t.stall.at(at, controlPlane), Kind: k, Pod: pod})
		return &events[len(events)-1]
	}
	for i := range t.others {
		add(0, timeline.Started, otherPod(i))
		add(1, timeline.Ready, otherPod(i))
	}
	add(0, timeline.Started, "app-1")
	add(1, timeline.Ready, "app-1")
	add(time.Second, timeline.Started, "app-2")
	add(t.replacement(), timeline.Ready, "app-2")
	add(t0, timeline.Deleted, "app-1")
	if t.preStop >= 0 {
		add(t0, timeline.PreStopStarted, "app-1").Detail = t.hook
		signal += t.preStop
		add(signal, timeline.PreStopEnded, "app-1")
	}
	add(signal, timeline.Signalled, "app-1").Caught = !t.notCaught
	exit := max(t.processExit(), min(lastBusy, trafficEnd)) + time.Millisecond
	if t.killed {
		add(exit, timeline.Killed, "app-1")
	}
	events = append(events, t.queueEvents(exit, stalled)...)
	add(exit, timeline.Exited, "app-1").Code = t.exitCode
	return events
}

const lookPeriod = 25 * ms // of the looks at the accept queue

// lookBefore is when the last look before the moment was: none is in a stall.
func (t *simulation) lookBefore(at time.Duration) time.Duration {
	period := cmp.Or(t.looks, lookPeriod)
	if t.stall != nil && at >= t.stall.from && at.Truncate(period) < t.stall.to {
		at = t.stall.from
	}
	return at.Truncate(period)
}

// queueEvents are what the kernel showed of the accept queue of app-1, at looks
// again and again.
func (t *simulation) queueEvents(exit, stalled time.Duration) []timeline.Event {
	period := cmp.Or(t.looks, lookPeriod)
	events := []timeline.Event{{Kind: timeline.AcceptQueue, At: period}}
	changes := func(to timeline.Event, at time.Duration) {
		to.After = t.lookBefore(at)
		to.At = t.stall.at(at.Truncate(period)+period, controlPlane)
		if to.Waiting > 0 {
			to.StalledAfter, to.StalledBy = to.After, to.At
		}
		if to.At < exit {
			events = append(events, to)
		}
	}
	if t.stuck && stalled != never {
		changes(timeline.Event{Kind: timeline.AcceptQueue, Waiting: 1}, stalled)
	}
	if closes := t.closesAt(); !t.stuck && closes < exit {
		changes(timeline.Event{Kind: timeline.ListenerClosed, Running: t.closes != t.exits, Ended: t.lingers > 0}, closes)
	}
	last := events[len(events)-1]
	last.At = max(last.At, t.lookBefore(exit))
	last.After = max(last.After, t.lookBefore(exit))
	events = append(events, last)
	for i := range events {
		events[i].Pod = "app-1"
	}
	return events
}

func otherPod(i int) string { return fmt.Sprintf("other-%d", i+1) }

// t0 is when the termination of app-1 begins.
func (t *simulation) t0() time.Duration { return t.stall.at(simT0, controlPlane) }

func (t *simulation) closesAt() time.Duration { return t.stall.at(t.t0()+t.closes, serverProcess) }

func (t *simulation) exitAt() time.Duration {
	switch {
	case t.killed:
		return t.stall.at(t.t0()+t.exits, controlPlane)
	case t.exits > 0:
		return t.stall.at(t.t0()+t.exits, serverProcess)
	}
	return t.closesAt()
}

// processExit is when process 1 exits, which its workers do before if it lingers.
func (t *simulation) processExit() time.Duration {
	if t.lingers == 0 {
		return t.exitAt()
	}
	return t.stall.at(t.t0()+t.exits+t.lingers, serverProcess)
}

// holds reports whether a new connection waits in the accept queue until process 1 exits.
func (t *simulation) holds(at time.Duration) bool {
	if t.lingers == 0 {
		return t.stuck && at >= t.t0()+t.reacts
	}
	return t.stuck && at >= t.exitAt() && at < t.processExit()
}

func (t *simulation) replacement() time.Duration {
	if t.replaced == 0 {
		return 2 * time.Second
	}
	return t.stall.at(t.t0()+t.replaced, controlPlane)
}

// recorder writes what each client sees.
type recorder struct {
	*simulation
	run      *timeline.Run
	conns    uint64
	lastBusy time.Duration // app-1 still answered then
	stalled  time.Duration // when the first connection came that it did not answer, or never
}

// route is the pod that a client is sent to: the old one until its node knows
// of app-2, and as the fallback while the new one is not ready.
func (r *recorder) route(at, learns time.Duration) string {
	if i := int(r.conns) % (r.others + 1); i > 0 {
		return otherPod(i - 1)
	}
	switch {
	case at < r.stall.at(simT0+learns, controlPlane):
		return "app-1"
	case at >= r.replacement():
		return "app-2"
	case at < r.processExit():
		return "app-1"
	}
	return ""
}

func (r *recorder) runClient(c client) {
	conn, pod, used, idleSince := uint64(0), "", false, time.Duration(0)
	for due := c.first; due < trafficEnd; {
		at := r.stall.at(due, c.party)
		reset := false
		if conn != 0 && r.idleTimeout > 0 && at-idleSince > r.idleTimeout && r.stall.wins() {
			if last := &r.run.Attempts[len(r.run.Attempts)-1]; r.stall.wins() {
				last.End, last.EndedConn, conn = timeline.FIN, at, 0
			} else {
				reset = true
			}
		}
		if conn == 0 {
			r.conns++
			conn, pod, used = r.conns, r.route(at, c.learns), false
		}
		a := r.attempt(c, at, conn, pod, used)
		a.Scheduled = due
		if reset {
			fail(&a, timeline.Reset, at)
		}
		next := a.Ended + c.period
		used, idleSince = true, a.Ended
		if a.Dropped() || a.End == timeline.Announced || c.pattern == "new" || c.once {
			conn = 0
		} else if closed := r.idleClose(pod, a.Ended); closed != 0 && next > closed {
			a.End, a.EndedConn, conn = timeline.FIN, closed, 0
		}
		r.run.Attempts = append(r.run.Attempts, a)
		due = next
	}
}

// idleClose is when the connection ends if it stays idle, or 0.
func (r *recorder) idleClose(pod string, after time.Duration) time.Duration {
	if pod != "app-1" {
		return 0
	}
	return max(after, min(r.closesAt(), r.exitAt()))
}

func (r *recorder) attempt(c client, at time.Duration, conn uint64, pod string, reused bool) timeline.Attempt {
	a := timeline.Attempt{Pattern: c.pattern, Scheduled: at, Started: at, Sent: at, Ended: r.stall.at(at+cmp.Or(r.takes, time.Millisecond), c.party),
		Conn: conn, Reused: reused, Node: c.node, Pod: pod, Status: 200, Bytes: 100}
	if c.pattern == "slow" {
		a.Ended = r.stall.at(at+slowFor, c.party)
		if r.trickles {
			a.Sent = a.Ended
		}
	}
	switch {
	case pod == "" || pod == "app-2" && at < r.replacement()+r.warmUp || pod == "app-1" && !reused && at >= r.closesAt() && !r.holds(at):
		fail(&a, timeline.Refused, at+time.Millisecond/5)
		a.Conn = 0
	case pod == "app-1" && (r.silent && at >= r.t0()+r.reacts || !reused && r.holds(at)):
		fail(&a, timeline.EOF, r.processExit())
		r.stalled = earlier(r.stalled, at)
	case pod == "app-1":
		r.terminatingPod(&a)
	}
	if took := a.Ended - a.Started; c.pattern == "slow" && r.trickles && !a.Dropped() && r.headTimeout > 0 && took > r.headTimeout && r.stall.wins() {
		fail(&a, timeline.EOF, a.Ended)
	}
	return a
}

// terminatingPod cuts what app-1 cuts.
func (r *recorder) terminatingPod(a *timeline.Attempt) {
	closes, exits := r.closesAt(), r.exitAt()
	switch {
	case r.exits > 0 && a.Ended > exits:
		r.cutsWhole = r.cutsWhole || a.Sent < exits-reaction
		fail(a, timeline.EOF, exits)
	case r.exits == 0 && r.trickles && a.Pattern == "slow" && a.Reused && a.Ended > closes:
		fail(a, timeline.Reset, closes) // for Shutdown the connection is idle
	case r.exits == 0 && r.trickles && a.Pattern == "slow" && a.Ended > closes:
		fail(a, timeline.EOF, a.Ended) // read after Shutdown began: not answered
		r.lastBusy = max(r.lastBusy, a.Ended)
	default:
		r.lastBusy = max(r.lastBusy, a.Ended)
		if r.failing && a.Started >= r.t0()+r.reacts {
			a.Cause, a.Status = timeline.Status5xx, 503
		}
		if r.sendsClose && a.Ended >= r.t0()+r.reacts {
			a.End, a.EndedConn = timeline.Announced, a.Ended
		}
	}
}

func fail(a *timeline.Attempt, cause timeline.Cause, at time.Duration) {
	a.Cause, a.Ended, a.Bytes, a.Status, a.End = cause, at, 0, 0, timeline.Broken
	if a.Sent > at {
		a.Sent = timeline.Never
	}
}
