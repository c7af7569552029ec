package trial

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

var patternNew = traffic.Spec{Load: timeline.Load{Patterns: []string{"new"}}}

// TestWarmUp: the first action waits until an attempt was served, and the trial ends
// when it is known that none will be.
func TestWarmUp(t *testing.T) {
	const limit = 10 * time.Second
	served := timeline.Attempt{Conn: 1, Status: 200}
	takes2s := timeline.Attempt{Pattern: "new", Conn: 1, Status: 200, Ended: 2 * time.Second}
	hung := timeline.Attempt{Conn: 1, Cause: timeline.Timeout, Detail: "read: i/o timeout"}
	refused := timeline.Attempt{Cause: timeline.Refused, Detail: "connect: connection refused"}
	control := timeline.Attempt{Control: true, Conn: 2, Status: 200}
	for _, tt := range []struct {
		name  string
		ended map[time.Duration]timeline.Attempt // what ends when
		takes time.Duration
		fails string
		exits []time.Duration // of the process
	}{
		{"served at once", map[time.Duration]timeline.Attempt{time.Millisecond: served}, warmUp, "", nil},
		{"every response takes 2 s", map[time.Duration]timeline.Attempt{1900 * time.Millisecond: takes2s}, warmUp + generations*2*time.Second, "", nil},
		{"the second takes less", map[time.Duration]timeline.Attempt{1900 * time.Millisecond: takes2s, 2500 * time.Millisecond: served}, 3 * warmUp, "", nil},
		{"some fail", map[time.Duration]timeline.Attempt{1: hung, 2: served, 3: hung}, warmUp, "", nil},
		{"every request takes long", map[time.Duration]timeline.Attempt{2500 * time.Millisecond: served}, 3 * warmUp, "", nil},
		{"it hangs", map[time.Duration]timeline.Attempt{5500 * time.Millisecond: hung}, 6 * warmUp, "none of 1 attempts was served before the first action: timeout (read: i/o timeout)", nil},
		{"it hangs beyond the limit", map[time.Duration]timeline.Attempt{2 * time.Millisecond: control, limit + time.Millisecond: hung}, limit + warmUp, "none of 1 attempts", nil},
		{"it listens late", map[time.Duration]timeline.Attempt{1: refused, 3500 * time.Millisecond: served}, 4 * warmUp, "", nil},
		{"it never listens", map[time.Duration]timeline.Attempt{1: refused}, limit, "refused (connect: connection refused)", nil},
		{"it exits once", map[time.Duration]timeline.Attempt{1: refused, 3500 * time.Millisecond: served}, 4 * warmUp, "", []time.Duration{2}},
		{"it listens for a moment and exits, again and again", map[time.Duration]timeline.Attempt{1: refused}, 2 * warmUp, "exited 2 times", []time.Duration{2, warmUp + 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecorder(Config{})
				for at, a := range tt.ended {
					time.AfterFunc(at, func() { r.attempt(a) })
				}
				for _, at := range tt.exits {
					time.AfterFunc(at, func() { r.event(timeline.Event{Kind: timeline.Exited}) })
				}
				begin := time.Now()
				err := r.warmUp(t.Context(), &patternNew, limit, nil)
				if took := time.Since(begin); took != tt.takes {
					t.Errorf("took %v, want %v", took, tt.takes)
				}
				if got := text(err); (got == "") != (tt.fails == "") || !strings.Contains(got, tt.fails) {
					t.Errorf("error %q, want %q", got, tt.fails)
				}
			})
		})
	}
}

// TestWarmUpOfTheControlTarget: nothing is terminated before it is known that
// the control target is reached, where that is not sure.
func TestWarmUpOfTheControlTarget(t *testing.T) {
	const limit = 10 * time.Second
	served := timeline.Attempt{Conn: 1, Status: 200}
	controlServed := timeline.Attempt{Control: true, Conn: 2, Status: 200}
	controlFails := timeline.Attempt{Control: true, Cause: timeline.DialTimeout, Detail: "i/o timeout"}
	for _, tt := range []struct {
		name  string
		ended map[time.Duration]timeline.Attempt
		takes time.Duration
		fails string
	}{
		{"both are served", map[time.Duration]timeline.Attempt{1: served, 2: controlServed}, warmUp, ""},
		{"it is reached late", map[time.Duration]timeline.Attempt{1: served, 2: controlFails, 3500 * time.Millisecond: controlServed}, 4 * warmUp, ""},
		{"no attempt there has ended yet", map[time.Duration]timeline.Attempt{1: served, 12500 * time.Millisecond: controlServed}, 13 * warmUp, ""},
		{"it is not reached", map[time.Duration]timeline.Attempt{1: served, 5 * time.Second: controlFails}, limit,
			"a policy: none of the attempts at the control target was served before the first action: dial-timeout (i/o timeout)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecorder(Config{})
				for at, a := range tt.ended {
					time.AfterFunc(at, func() { r.attempt(a) })
				}
				begin := time.Now()
				err := r.warmUp(t.Context(), &patternNew, limit, func(err error) error { return fmt.Errorf("a policy: %w", err) })
				if took := time.Since(begin); took != tt.takes || (err == nil) != (tt.fails == "") || err != nil && err.Error() != tt.fails {
					t.Errorf("%v after %v, want %q after %v", err, took, tt.fails, tt.takes)
				}
			})
		})
	}
}

// TestHintAboutNoAnswer: a server that does not answer in time, or on a machine that
// is late, may be asked for the right path; one that answers nothing may be no server of HTTP.
func TestHintAboutNoAnswer(t *testing.T) {
	served := timeline.Attempt{Conn: 1, Status: 200}
	hung := timeline.Attempt{Conn: 1, Cause: timeline.Timeout, Detail: "read: i/o timeout", Ended: 5 * time.Second}
	cut := timeline.Attempt{Conn: 1, Cause: timeline.EOF, Detail: "EOF"}
	broken := timeline.Attempt{Conn: 1, Status: 500, Cause: timeline.Status5xx}
	inTime := timeline.Attempt{Control: true, Conn: 2, Status: 200, Ended: time.Millisecond}
	late := timeline.Attempt{Control: true, Conn: 2, Status: 200, Ended: time.Second}
	for _, tt := range []struct {
		name        string
		before, now []timeline.Attempt
		want        string
	}{
		{"it never answered", nil, []timeline.Attempt{inTime, hung}, "--path"},
		{"nor at a higher rate", []timeline.Attempt{inTime, hung}, []timeline.Attempt{inTime, hung}, "--path"},
		{"it answered at a higher rate", []timeline.Attempt{served, hung}, []timeline.Attempt{inTime, hung}, "has not caught up with 200 attempts a second"},
		{"the machine is late", nil, []timeline.Attempt{late, hung}, "this machine was late by 1s"},
		{"it cuts connections", []timeline.Attempt{served}, []timeline.Attempt{late, cut}, "does the port speak HTTP/1.1?"},
		{"it answers with errors", nil, []timeline.Attempt{inTime, broken}, "--path"},
	} {
		r := newRecorder(Config{})
		r.begin(200)
		for _, a := range tt.before {
			r.attempt(a)
		}
		r.begin(100)
		for _, a := range tt.now {
			r.attempt(a)
		}
		_, last := r.served(false)
		if got := hint.Of(r.unserved(last)); !strings.Contains(got, tt.want) {
			t.Errorf("%s: hint %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestRateIsLoweredFurther: a server that answered at a higher rate, and is still at that
// load, gets a lower rate; one that never answered does not.
func TestRateIsLoweredFurther(t *testing.T) {
	served := timeline.Attempt{Conn: 1, Status: 200}
	hung := timeline.Attempt{Conn: 1, Cause: timeline.Timeout}
	control := timeline.Attempt{Control: true, Conn: 2, Status: 200}
	for _, tt := range []struct {
		name        string
		before, now timeline.Attempt
		want        int
	}{
		{"it answered", served, hung, 50},
		{"it never answered", hung, hung, 100},
		{"it answers", served, served, 100},
	} {
		r := newRecorder(Config{})
		r.begin(200)
		r.attempt(tt.before)
		r.begin(100)
		r.attempt(tt.now)
		r.attempt(control)
		load := traffic.Spec{}
		load.Rate = 100
		if lowerRate(Config{LowerRate: true}, &load, r, nil); load.Rate != tt.want {
			t.Errorf("%s: rate %d, want %d", tt.name, load.Rate, tt.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
