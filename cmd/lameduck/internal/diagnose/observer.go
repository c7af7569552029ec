package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// observer is how inexactly the moments of one run were observed. Every
// tolerance of the diagnosis is in this file, and is applied once, when a
// window is made.
type observer struct {
	accuracy *attribute.Accuracy // of what the control plane and the kubelet report
	stalls   attribute.Stalls    // of the tool
	waits    *lag                // of this machine: whatever waited, also for a time-out
	slow     *lag                // of this machine, only as far as its control target responded in the end
	waiting  attribute.Stalls    // when any of waits lasted
	target   responses           // of the control target, until waits has them
	reacts   time.Duration       // how long the server takes to begin with what it gets, by what it was seen to take
}

const (
	// resolution is by how much the record of an event is later than the event,
	// on a machine that is not late: the lab writes it down after the call of the
	// kernel, in a goroutine that has to be scheduled. Measured: in 15 trials of servers that
	// exit at the signal, on one core, the exit was recorded 1 to 31 ms after the first client
	// had noticed it. Where it was later, the waits of the control target show it.
	resolution = 30 * time.Millisecond
	// sameLook is the longest time between a look at the listener and the record of what
	// the next look would have shown, on a machine that is not late: looks are 25 ms apart
	// (queuePoll of package pod; measured: 26 to 28 ms), and the record of the exit is late.
	// Where the looks of a run are further apart, what was in between is unsure.
	sameLook = 28*time.Millisecond + resolution
	// inTime is a wait of a client of the control target that shows no lag: of three
	// that follow one another, as to connect, to send and to receive, the sum is still within
	// the resolution of every event.
	inTime = resolution / 3
	// reaction is how long a process may take to act on what it gets (a signal, a
	// connection, a request), and its client to notice, on a machine that is not
	// late, where it was not seen to take longer: the time by which this tool may be late
	// itself without a stall that counts.
	reaction = timeline.MostLate
)

// ofLab is the window of an event that this machine recorded, or that the
// control plane reports at once.
func ofLab(at time.Duration) window {
	if at == never {
		return none
	}
	return window{at - resolution, at}
}

// ofSlice is the window of a change of the EndpointSlices of a cluster: a kube-proxy may
// get it before this tool does.
func (o *observer) ofSlice(at time.Duration) window {
	return window{o.accuracy.OfControlPlane(at), at}
}

// byClient is the window of what the server did when a client noticed it: the path to the
// client takes its time.
func (o *observer) byClient(at time.Duration) window {
	return window{at - resolution - o.target.path, at}
}

// ofKubelet is the window of an event of a container, which the kubelet of a
// cluster may report late: by as much as the run is accurate, and no more.
func (o *observer) ofKubelet(at time.Duration) window {
	if at == never || o.accuracy.Exact() {
		return ofLab(at)
	}
	return window{o.accuracy.OfKubelet(at), at}
}

// exited is the window of the exit of a pod that was terminated.
func (o *observer) exited(p *timeline.Pod) window {
	if p.Exited == never || o.accuracy.Exact() {
		return ofLab(p.Exited)
	}
	return window{attribute.EarliestExit(p, o.accuracy), p.Exited}
}

// crashed is the window of an exit outside of a termination. In the lab the kernel showed
// when a process of the server last ran: what it had was cut after that, however late
// this machine recorded the exit.
func (o *observer) crashed(at, seenToRun time.Duration) window {
	w := o.ofKubelet(at)
	if seenToRun != never {
		w.earliest = min(seenToRun, w.latest)
	}
	return w
}

// termination is the window of the moment at which the termination of a pod
// begins. The lab records it before it acts: nothing comes of it earlier.
func (o *observer) termination(p *timeline.Pod) window {
	if p.T0() == never {
		return none
	}
	return window{attribute.EarliestT0(p, o.accuracy), p.T0()}
}

// recorded widens the window of an event by as much as this machine was late while the
// event was on its way to it. That is known only after all attempts.
func (o *observer) recorded(w window) window {
	if !w.came() {
		return none
	}
	return window{w.earliest - o.waits.during(w.earliest, w.latest), w.latest}
}

// noticed is the window of the end of something that lasts since a moment, and
// that a client noticed: by as much as this machine was late meanwhile, the
// client may be late as well.
func (o *observer) noticed(since, at time.Duration) window {
	return window{at - o.waits.during(since, at), at}
}

// handled is the window of the moment at which a process has handled something
// that it got.
func (o *observer) handled(got window) window {
	if !got.came() {
		return none
	}
	return window{got.earliest, got.latest + o.reacts + o.waits.during(got.latest, got.latest+o.reacts)}
}

// handledBy is the same, where what the process did because of that was seen at a moment, or
// never: it may have done it as soon as it could.
func (o *observer) handledBy(got window, seen time.Duration) window {
	w := o.handled(got)
	if w.came() && seen != never {
		w.latest = max(w.earliest, seen)
	}
	return w
}

// begun reports whether the server had begun with what it had for so long. Where it was seen
// to take longer until it begins, that is unsure.
func (o *observer) begun(waited interval) answer {
	begun := waited.shorterThan(reaction).not()
	if begun == yes && waited.shorterThan(o.reacts) != no {
		return unsure
	}
	return begun
}

// noticedBy is the window in which a client notices, while something lasts until
// a moment.
func (o *observer) noticedBy(w window, until time.Duration) window {
	return window{w.earliest + reaction, w.latest + reaction + o.waits.during(w.latest, until)}
}

// waited is how long the server had a request, or a connection, that its client
// gave up on: a machine that is late hands it over late, and lets the server wait again
// and again while it handles the request.
func (o *observer) waited(from, to time.Duration) interval {
	late := max(o.waits.during(from, to), o.waiting.Within(from, to))
	return interval{max(0, to-from-late), to - from}
}

// settle adds how late this machine was, as the control target shows: by the length of the
// path to it nothing is late. A failed attempt waited
// until its own time-out, perhaps for a network that cannot be reached: its wait may explain
// what a pod did late, but does not prove that the pod was late.
func (o *observer) settle() {
	for _, r := range o.target.waits {
		r.due += r.trips * o.target.path
		o.waits.add(r.wait)
		o.slow.add(r.wait)
	}
	for _, w := range o.target.failed {
		o.waits.add(w)
	}
	o.waits.sort()
	o.slow.sort()
	o.waiting = o.waits.joined()
}

// addStalls notes the stalls of the tool: the observation is late by as much, and
// so are the pods on the same machine. And those of the pods, which only the lab sees.
func (o *observer) addStalls(run *timeline.Run) {
	o.stalls = attribute.NewStalls(run)
	for _, e := range run.Events {
		if e.Kind != timeline.Stalled && e.Kind != timeline.Starved {
			continue
		}
		o.waits.add(wait{e.Due, e.At})
		if run.Stage != "cluster" {
			o.slow.add(wait{e.Due, e.At})
		}
	}
}
