package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// A theatre plays one rolling update from app-1 to app-2 as clients would see
// it, so that each fault comes with its side effects. All moments are exact.
type theatre struct {
	server
	propagation time.Duration // the slowest client learns of app-2 so long after T0, the others evenly before
	trickles    bool          // slow requests trickle in (else the handler takes the time)
	keeps       bool          // slow requests use their connection again
	fastOnly    bool          // no slow requests
	warmUp      time.Duration // app-2 refuses for so long after it says it is ready
	replaced    time.Duration // app-2 is ready so long after T0; before, without app-1 there is no endpoint. 0: before T0
	twins       int           // more replicas, which stay as they are
	spec        timeline.Spec
}

// server is how app-1 terminates. Times count from T0.
type server struct {
	hook     time.Duration // of preStop before the signal; -1: no hook
	closes   time.Duration // when its listener closes and idle connections are closed
	exits    time.Duration // when the process ends; 0: when it has answered what it had
	goodbye  bool          // says Connection: close on every answer
	failing  bool          // answers 503
	deaf     bool          // does not catch the signal
	killed   bool          // the exit is the kubelet's doing
	exitCode int
}

const (
	begin  = 3 * time.Second  // T0
	finish = 20 * time.Second // of the traffic
	slowly = 3 * time.Second  // how long a slow request takes
)

type client struct {
	pattern string
	period  time.Duration // between the end of a request and the next; of new: between their starts
	first   time.Duration
	learns  time.Duration
}

func (t *theatre) play() *timeline.Run {
	run := &timeline.Run{Stage: "lab", Action: "rollout", Spec: t.spec}
	r := &recorder{theatre: t, run: run}
	clients := t.clients()
	run.Attempts = make([]timeline.Attempt, 0, len(clients)*int(finish/(100*time.Millisecond))) // about as many as they will make
	for _, c := range clients {
		r.follow(c)
	}
	run.Attempts = byEnd(run.Attempts)
	run.Events = append(t.life(r.lastBusy), run.Events...)
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

func (t *theatre) clients() []client {
	var all []client
	replicas := 1 + t.twins
	for i := range 10 * replicas {
		share := t.propagation * time.Duration(i+1) / time.Duration(10*replicas)
		at := time.Duration(i) * 11 * time.Millisecond
		all = append(all,
			client{"new", 100 * time.Millisecond, at, share},
			client{"keepalive", 90 * time.Millisecond, at, share})
		if !t.fastOnly && i < 5*replicas {
			all = append(all, client{"slow", 30 * time.Millisecond, at * 30, share})
		}
	}
	return all
}

func (t *theatre) life(lastBusy time.Duration) []timeline.Event {
	signal, t0 := begin, begin
	var events []timeline.Event
	add := func(at time.Duration, k timeline.Kind, pod string) *timeline.Event {
		events = append(events, timeline.Event{At: at, Kind: k, Pod: pod})
		return &events[len(events)-1]
	}
	for i := range t.twins {
		add(0, timeline.Started, twin(i))
		add(1, timeline.Ready, twin(i))
	}
	add(0, timeline.Started, "app-1")
	add(1, timeline.Ready, "app-1")
	add(time.Second, timeline.Started, "app-2")
	add(t.replacement(), timeline.Ready, "app-2")
	add(t0, timeline.Deleted, "app-1")
	if t.hook >= 0 {
		add(t0, timeline.PreStopStarted, "app-1")
		signal += t.hook
		add(signal, timeline.PreStopEnded, "app-1")
	}
	add(signal, timeline.Signalled, "app-1").Caught = !t.deaf
	exit := max(t.exitAt(), min(lastBusy, finish)) + time.Millisecond
	if t.killed {
		add(exit, timeline.Killed, "app-1")
	}
	add(exit, timeline.Exited, "app-1").Code = t.exitCode
	return events
}

func twin(i int) string { return fmt.Sprintf("twin-%d", i+1) }

func (t *theatre) exitAt() time.Duration {
	if t.exits > 0 {
		return begin + t.exits
	}
	return begin + t.closes
}

func (t *theatre) replacement() time.Duration {
	if t.replaced == 0 {
		return 2 * time.Second
	}
	return begin + t.replaced
}

// recorder writes what one client after the other sees.
type recorder struct {
	*theatre
	run      *timeline.Run
	conns    uint64
	lastBusy time.Duration // app-1 still answered then
}

// choose is the pod a client is sent to: the old one until it learns, and as
// the fallback while the new one is not ready.
func (r *recorder) choose(at, learns time.Duration) string {
	if i := int(r.conns) % (r.twins + 1); i > 0 {
		return twin(i - 1)
	}
	switch {
	case at < begin+learns:
		return "app-1"
	case at >= r.replacement():
		return "app-2"
	case at < r.exitAt():
		return "app-1"
	}
	return ""
}

func (r *recorder) follow(c client) {
	conn, pod, used := uint64(0), "", false
	for at := c.first; at < finish; {
		if conn == 0 {
			r.conns++
			conn, pod, used = r.conns, r.choose(at, c.learns), false
		}
		a := r.attempt(c, at, conn, pod, used)
		next := a.Ended + c.period
		used = true
		if a.Dropped() || a.End == timeline.Goodbye || c.pattern == "new" || c.pattern == "slow" && !r.keeps {
			conn = 0
		} else if closed := r.idleClose(pod, a.Ended); closed != 0 && next > closed {
			a.End, a.EndedConn, conn = timeline.FIN, closed, 0
		}
		r.run.Attempts = append(r.run.Attempts, a)
		at = next
	}
}

// idleClose is when the connection ends if it stays idle, or 0.
func (r *recorder) idleClose(pod string, after time.Duration) time.Duration {
	if pod != "app-1" {
		return 0
	}
	return max(after, begin+min(r.closes, r.exitAt()-begin))
}

func (r *recorder) attempt(c client, at time.Duration, conn uint64, pod string, reused bool) timeline.Attempt {
	a := timeline.Attempt{Pattern: c.pattern, Scheduled: at, Started: at, Sent: at, Ended: at + time.Millisecond,
		Conn: conn, Reused: reused, Pod: pod, Status: 200, Bytes: 100}
	if c.pattern == "slow" {
		a.Ended = at + slowly
		if r.trickles {
			a.Sent = a.Ended
		}
	}
	switch {
	case pod == "" || pod == "app-2" && at < r.replacement()+r.warmUp || pod == "app-1" && !reused && at >= begin+r.closes:
		fail(&a, timeline.Refused, at+time.Millisecond/5)
		a.Conn = 0
	case pod == "app-1":
		r.atTheOld(&a)
	}
	return a
}

// atTheOld cuts what app-1 cuts.
func (r *recorder) atTheOld(a *timeline.Attempt) {
	closes, exits := begin+r.closes, begin+r.exits
	switch {
	case r.exits > 0 && a.Ended > exits:
		fail(a, timeline.EOF, exits)
	case r.exits == 0 && r.trickles && a.Pattern == "slow" && a.Reused && a.Ended > closes:
		fail(a, timeline.Reset, closes) // Shutdown takes the connection for idle
	case r.exits == 0 && r.trickles && a.Pattern == "slow" && a.Ended > closes:
		fail(a, timeline.EOF, a.Ended) // read after Shutdown began: not answered
		r.lastBusy = max(r.lastBusy, a.Ended)
	default:
		r.lastBusy = max(r.lastBusy, a.Ended)
		if r.failing && a.Started >= begin {
			a.Cause, a.Status = timeline.Status5xx, 503
		}
		if r.goodbye && a.Ended >= begin {
			a.End, a.EndedConn = timeline.Goodbye, a.Ended
		}
	}
}

func fail(a *timeline.Attempt, cause timeline.Cause, at time.Duration) {
	a.Cause, a.Ended, a.Bytes, a.Status, a.End = cause, at, 0, 0, timeline.Broken
	if a.Sent > at {
		a.Sent = timeline.Never
	}
}
