package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

const (
	warmUp    = time.Second // traffic before the first action: the latencies to compare with
	leastRate = 10          // attempts per second and pattern: an outage of 100 ms still shows
	// mostLate is how late this machine may be. The diagnosis cannot
	// distinguish a server that is slow by less from a client that is.
	mostLate = timeline.MostLate
)

// startLoad starts the traffic and returns after its warm-up. If this machine or the server
// does not keep up with the load, another one is started; nothing of the first is kept.
func startLoad(ctx context.Context, cfg Config, s Stage, rec *recorder) (stop func() error, err error) {
	load, env := cfg.Traffic, traffic.Env{Clock: rec.clock, Record: rec.attempt}
	env.Note = once(cfg.Note)
	load.Rate = cmp.Or(load.Rate, traffic.DefaultRate)
	var uncontrolled func(error) error
	if s, ok := s.(interface{ Uncontrolled(error) error }); ok {
		uncontrolled = s.Uncontrolled
	}
	for {
		rec.begin(load.Rate)
		if stop, err = s.Load(ctx, load, env); err != nil {
			return nil, err
		}
		warm := rec.warmUp(ctx, &load, cfg.ReadyTimeout, uncontrolled)
		easier := ctx.Err() == nil && (lowerRate(cfg, &load, rec, env.Note) || shortenHead(&load, rec, env.Note))
		switch {
		case !easier && warm == nil:
			return stop, nil
		case !easier:
			return nil, errors.Join(warm, stop())
		}
		if err := stop(); err != nil { // the error of the warm-up does not count: the load was another one
			return nil, err
		}
	}
}

// lowerRate halves the rate where this machine, or the server, does not keep up with it:
// requests would wait for one another, more with every second, until they time out.
func lowerRate(cfg Config, load *traffic.Spec, rec *recorder, note func(string)) bool {
	lower, late := max(leastRate, load.Rate/2), rec.late()
	if !cfg.LowerRate || lower >= load.Rate || late < mostLate && !rec.queued() {
		return false
	}
	if note != nil {
		note(rateNote(load.Rate, lower, late))
	}
	load.Rate = lower
	return true
}

func rateNote(rate, lower int, late time.Duration) string {
	why := fmt.Sprintf("the server does not keep up with %d attempts a second of each pattern", rate)
	if late >= mostLate {
		why = fmt.Sprintf("this machine was late by %v with %d attempts a second of each pattern", late.Round(time.Millisecond), rate)
	}
	return fmt.Sprintf("%s: now %d (--rate fixes it)", why, lower)
}

// shortenHead lets a head that is sent slowly take less time, where the server does not
// wait for it.
func shortenHead(load *traffic.Spec, rec *recorder, note func(string)) bool {
	timeout := rec.headTimeout()
	head := shorterHead(timeout)
	if head <= 0 {
		return false
	}
	load.Limits.Head = head
	if note != nil {
		note(headNote(timeout, head))
	}
	return true
}

// once takes each note one time: a load that starts anew notes the same.
func once(note func(string)) func(string) {
	if note == nil {
		return nil
	}
	noted := map[string]bool{}
	return func(text string) {
		if !noted[text] {
			noted[text] = true
			note(text)
		}
	}
}

// warmUp lets the traffic flow before the first action, for a time in which each
// pattern has ended an attempt, and for generations of the responses of the server, so that
// one whose responses take long shows whether it keeps up. It fails if not one
// attempt was served as it should be: then there is nothing to compare a
// termination with. Where no connection is accepted yet, because a pod
// without a readiness probe is ready before it listens, it waits for as long
// as a pod may take to become ready. Where no attempt has ended yet, because
// the server hangs or every request takes long, it waits for the first.
//
// Where the control target may be unreachable (uncontrolled is not nil),
// the same holds for it: without it a slow machine cannot be distinguished from a slow
// server.
func (r *recorder) warmUp(ctx context.Context, load *traffic.Spec, limit time.Duration, uncontrolled func(error) error) error {
	first := warmUp + load.HeadTakes()
	wait := first
	for since := r.clock.Now(); ; {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		passed := r.clock.Now() - since
		late := passed >= limit
		served, last := r.served(false)
		controlled, lastControl := uncontrolled == nil, (*timeline.Attempt)(nil)
		if !controlled {
			controlled, lastControl = r.served(true)
		}
		wait = warmUp
		switch {
		case served && controlled:
			left := first + generations*r.response(load) - passed
			if left <= 0 {
				return nil
			}
			wait = min(wait, left)
		case !served && last != nil && (last.Conn != 0 || late || r.exits() >= manyExits): // else there is no listener yet, or no attempt has ended
			return r.unserved(last)
		case served && lastControl != nil && late:
			return uncontrolled(fmt.Errorf("none of the attempts at the control target was served before the first action: %s (%s)", lastControl.Cause, lastControl.Detail))
		}
	}
}

// generations of the responses are in the warm-up: the requests of the first should have a
// response when the second ends, even where each takes twice as long as the shortest
// (diagnose's backlog), and the third is so long that a whole generation is due.
const generations = 3

// response is how long the server takes for a response: the shortest so far, without what the
// pattern takes by itself.
func (r *recorder) response(load *traffic.Spec) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	shortest := time.Duration(math.MaxInt64)
	for i := range r.record.Attempts {
		if a := &r.record.Attempts[i]; !a.Control && !a.Dropped() {
			shortest = min(shortest, load.ServerTook(a))
		}
	}
	return shortest
}

// manyExits before the first answer, and before anything was terminated, are no start that takes
// long: the process listens for a moment, and ends.
const manyExits = 2

// exits counts those of the pods so far.
func (r *recorder) exits() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.record.Events {
		if r.record.Events[i].Kind == timeline.Exited {
			n++
		}
	}
	return n
}

// served reports whether any attempt, of those at the control target or of the
// others, was served as it should be, or else which failed last; nil if none has
// ended.
func (r *recorder) served(control bool) (ok bool, last *timeline.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.record.Attempts {
		if a := r.record.Attempts[i]; a.Control == control {
			if !a.Dropped() {
				return true, &a
			}
			last = &a
		}
	}
	return false, last
}

func (r *recorder) unserved(last *timeline.Attempt) error {
	err := fmt.Errorf("none of %d attempts was served before the first action: %s (%s)", r.progress().Attempts, last.Cause, last.Detail)
	if last.Phase == timeline.HandshakePhase {
		return hint.New(err, "does the server use TLS, and accept clients without a certificate? --tls off sends in clear text")
	}
	if late := r.late(); last.Cause == timeline.Timeout && late >= mostLate {
		return hint.New(err, fmt.Sprintf("this machine was late by %v: run it again on a less busy machine, or with a lower --rate", late.Round(time.Millisecond)))
	}
	if last.Cause == timeline.Timeout && r.servedAt > 0 {
		return hint.New(err, fmt.Sprintf("the server answered at first, and has not caught up with %d attempts a second since: run it again on a less busy machine, or with a lower --rate", r.servedAt))
	}
	if r.record.Stage == "cluster" {
		return hint.New(err, "does the Service have endpoints (kubectl get endpointslices), and are --port, --path and --url correct?")
	}
	if n := r.exits(); last.Conn == 0 && n > 0 {
		return hint.New(fmt.Errorf("%w; the process listened, and exited %d times before", err, n), "run the command by hand, or with -v, to see why it exits")
	}
	if last.Conn == 0 {
		return hint.New(err, "a pod without a readinessProbe is ready when it starts: does it listen, and on the port of the Service? -v shows what it prints")
	}
	if last.Status == 0 && last.Cause != timeline.Timeout {
		return hint.New(err, "does the port speak HTTP/1.1? gRPC and other protocols are not tested; --port chooses another port. -v shows what the server prints")
	}
	return hint.New(err, "are --path and the name that the server expects (--host) right? -v shows what the server prints")
}
