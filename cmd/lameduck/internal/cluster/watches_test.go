package cluster

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestAWatchIsMissing: the trial ends with what keeps it from coming back,
// whatever the action waits for.
func TestAWatchIsMissing(t *testing.T) {
	for _, action := range []timeline.Action{timeline.Watch, timeline.Rollout} {
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t)
			defer r.observer.watches.close()
			r.action, r.watchFor = action, time.Hour
			r.observer.watches.report("pods", nil)
			time.AfterFunc(10*time.Second, func() { r.observer.watches.report("pods", errors.New("it has ended")) })
			time.AfterFunc(20*time.Second, func() { r.observer.watches.report("pods", errors.New("Unauthorized")) })
			begun := time.Now()
			err := r.Act(t.Context())
			r.fails(err, time.Since(begun), 40*time.Second,
				"the watch of pods was interrupted, and could not be resumed for 30s: Unauthorized; does `kubectl get pods --watch` work from here?")
		})
	}
}

// TestAWatchComesBack: one that was missing for longer than the run is accurate
// is noted; others are not, as all watches end now and then.
func TestAWatchComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var events []timeline.Event
		o := observer{clock: timeline.NewClock(), emit: func(e timeline.Event) { events = append(events, e) }, watches: newWatches(&log)}
		w := o.watches
		w.back = o.watchIsBack
		defer w.close()
		for _, missing := range []time.Duration{time.Second, 12 * time.Second, maxWatchGap - 1} {
			w.report("events", errors.New("it has ended"))
			time.Sleep(missing)
			w.report("events", nil)
			time.Sleep(time.Hour)
		}
		if w.ctx.Err() != nil || strings.Count(log.String(), "note: ") != 2 || !strings.HasPrefix(log.String(), "note: the watch of events was interrupted for 12s (it has ended); ") {
			t.Errorf("%v; %s", w.ctx.Err(), &log)
		}
		if len(events) != 3 || events[1].Kind != timeline.Unwatched || events[1].At-events[1].Due != 12*time.Second || events[1].Detail != "events" {
			t.Errorf("%+v", events)
		}
	})
}

// TestNoWatchToBeginWith: the error is not only that it took too long.
func TestNoWatchToBeginWith(t *testing.T) {
	w := newWatches(nil)
	defer w.close()
	w.report("pods", hint.New(errors.New("Unauthorized"), "log in"))
	if err := w.why(); err == nil || err.Error() != "pods: Unauthorized" {
		t.Errorf("%v", err)
	}
	w.report("pods", nil)
	if err := w.why(); err != nil {
		t.Errorf("%v", err)
	}
}
