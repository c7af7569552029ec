package pod

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

type probeKind string

const (
	startup   probeKind = "startup"
	liveness  probeKind = "liveness"
	readiness probeKind = "readiness"
)

// probe is a probe that can be run.
type probe struct {
	manifest.Probe
	kind   probeKind
	action *action
}

func newProbe(kind probeKind, spec *manifest.Probe, ports []manifest.Port) (*probe, error) {
	if spec == nil {
		return nil, nil
	}
	a, err := newAction(&spec.Handler, ports)
	if err == nil && spec.Sleep != nil {
		err = errors.New("a probe cannot sleep")
	}
	if err != nil {
		return nil, fmt.Errorf("%s probe: %w", kind, err)
	}
	pr := &probe{Probe: *spec, kind: kind, action: a}
	pr.Period = max(pr.Period, time.Second) // what Kubernetes allows
	pr.Timeout = max(pr.Timeout, time.Second)
	return pr, nil
}

// probeResult is the result of a probe, when it changes.
type probeResult struct {
	kind   probeKind
	ok     bool
	reason string
}

// probed is the process that probes ask.
type probed struct {
	process
	began time.Time
	note  func(probeKind, error)
}

// run probes at the start, or after the initial delay, and then each period,
// until ctx ends. The period counts from the start of one probe to the start of
// the next.
func (pr *probe) run(ctx context.Context, c *probed, host string, report func(probeResult)) {
	if sleep(ctx, pr.InitialDelay-time.Since(c.began)) != nil {
		return
	}
	alive := pr.kind == liveness
	count := tally{successes: max(pr.SuccessThreshold, 1), failures: max(pr.FailureThreshold, 1), ok: alive, decided: alive}
	tick := time.NewTicker(pr.Period)
	defer tick.Stop()
	for {
		began := time.Now()
		err := pr.once(ctx, c, host)
		if ctx.Err() != nil {
			return
		}
		// A failure that is noticed long after the time-out was due shows only that
		// this process was late.
		if late := time.Since(began) - pr.Timeout; err == nil || late < timeline.MostLate {
			c.note(pr.kind, err)
			if count.add(err == nil) {
				report(probeResult{pr.kind, err == nil, reason(err)})
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (pr *probe) once(ctx context.Context, c *probed, host string) error {
	ctx, cancel := context.WithTimeout(ctx, pr.Timeout)
	defer cancel()
	return pr.action.check(ctx, c, host)
}

// tally turns single results into the result of a probe: it takes so many of
// the same in a row. Readiness and startup are undecided at first, liveness is
// a success.
type tally struct {
	successes, failures int // thresholds
	ok, decided         bool
	last                bool
	run                 int // of the last result
}

// add reports whether the result has changed to ok.
func (t *tally) add(ok bool) (changed bool) {
	if ok != t.last {
		t.run = 0
	}
	t.last = ok
	t.run++
	if ok && t.run < t.successes || !ok && t.run < t.failures || t.decided && t.ok == ok {
		return false
	}
	t.ok, t.decided = ok, true
	return true
}
