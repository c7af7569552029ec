package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// answered makes a run of one pod in which each response has one of the
// statuses.
func answered(statuses ...int) *built {
	b := onePod()
	for i, status := range statuses {
		b.try(s+ms*10*time.Duration(i), "a", func(a *timeline.Attempt) { a.Status = status })
	}
	return b
}

func TestVerdict(t *testing.T) {
	late := func(b *built, by, from time.Duration) *built {
		return b.try(from, "", func(a *timeline.Attempt) { a.Control, a.Ended = true, a.Started+by })
	}
	exits := func(after time.Duration) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"),
			timeline.Event{At: 10*s + after, Kind: timeline.Exited, Pod: "a", Code: 2})
		return b.try(9*s, "a").try(9900*ms, "a").try(10*s, "a", lasting(after), failing(timeline.EOF)).try(14*s, "a", refused)
	}
	// The last new connection comes 300 ms after the signal, and its pod had no
	// processor for a while.
	starved := func(by time.Duration) *built {
		wait := timeline.Event{Kind: timeline.Starved, Pod: "a", Due: 10*s + 100*ms, At: 10*s + 100*ms + by}
		return onePod().with(wait).try(9*s, "a").try(10*s+300*ms, "a")
	}
	for _, tt := range []struct {
		name string
		*built
		want         finding.Verdict
		reason, hint string // what they contain
	}{
		{"served", answered(200, 200, 204), finding.Pass, "", ""},
		{"a few redirects", answered(200, 301, 404), finding.Pass, "", ""},
		{"a protocol without a status", answered(0, 0), finding.Pass, "", ""},
		{"only redirects", answered(301, 301, 302), finding.Inconclusive, "no response was a success: 2 × 301 Moved Permanently, 1 × 302 Found", "--path"},
		{"only client errors", answered(404, 404), finding.Inconclusive, "2 × 404 Not Found", "--path"},
		{"the host is refused", answered(400, 400), finding.Inconclusive, "2 × 400 Bad Request", "--host"},
		{"no attempt", build(), finding.Inconclusive, "no attempt was made", "--rate"},
		{"only the control target", build().try(s, "", func(a *timeline.Attempt) { a.Control = true }), finding.Inconclusive, "no attempt was made", ""},
		{"drops beside client errors", answered(404, 404).try(9*s, "a", lasting(6*s), failing(timeline.EOF)), finding.Fail, "", ""},
		{"a warning", onePod().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)), finding.Fail, "", ""},
		{"a drop that no rule explains", onePod().try(s, "a").try(2*s, "a", failing(timeline.Malformed)), finding.Fail, "", ""},
		{"a machine too busy", overloaded(500*ms, 0, 14*s, func(a *timeline.Attempt) { a.Ended = a.Started + 2*s }), finding.Inconclusive, "this machine was late", "--rate"},
		{"time-outs while the control target waited", late(onePod().try(s, "a").try(2*s, "a", failing(timeline.Timeout), lasting(3*s)), 2*s, 3*s), finding.Inconclusive, "this machine was late by 2.00 s", "less busy"},
		{"the same, and it did not wait", late(onePod().try(s, "a").try(2*s, "a", failing(timeline.Timeout), lasting(3*s)), 2*ms, 3*s), finding.Fail, "", ""},
		{"exits at once", exits(2 * ms), finding.Fail, "", ""},
		{"exits at once, late because the machine was", late(exits(1500*ms), s, 10*s), finding.Inconclusive, "this machine was late by 1.00 s while a terminated", "less busy"},
		{"exits later, on a machine that was not late", late(exits(1500*ms), ms, 10*s), finding.Fail, "", ""},
		{"starved until the last connection came", starved(400 * ms), finding.Inconclusive, "a waited 400 ms for a processor when it got the stop signal", "less busy"},
		{"starved, and a connection came later", starved(400*ms).try(10*s+800*ms, "a"), finding.Pass, "", ""},
		{"starved, and it had asked to close", starved(400*ms).try(9500*ms, "a", on(1)).try(10*s+100*ms, "a", on(1), ending(timeline.Announced, 10*s+101*ms)), finding.Pass, "", ""},
		{"starved, but not for long", starved(100 * ms), finding.Pass, "", ""},
		{"too few connections to see when the listener closed", onePod().try(9900*ms, "a").try(13*s, "a", refused), finding.Inconclusive, "too few new connections reached a", "--rate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := diagnosed(withClasses(&tt.Run))
			if d.Verdict != tt.want || !strings.Contains(d.Reason, tt.reason) || !strings.Contains(d.Hint, tt.hint) {
				t.Errorf("%s: %q (%q), want %s: %q (%q)\n%+v", d.Verdict, d.Reason, d.Hint, tt.want, tt.reason, tt.hint, d.Findings)
			}
			if inconclusive := d.Verdict == finding.Inconclusive; (d.Reason != "") != inconclusive || (d.Hint != "") != inconclusive || (d.Covers != "") != (d.Verdict == finding.Pass) {
				t.Errorf("incomplete: %+v", d)
			}
			if strings.Contains(d.Reason+d.Hint, "\n") {
				t.Errorf("more than one line: %q, %q", d.Reason, d.Hint)
			}
			checkSum(t, &tt.Run, d.Findings)
		})
	}
}

// TestAPassCovers the protocol and the patterns that were seen.
func TestAPassCovers(t *testing.T) {
	tls := func(a *timeline.Attempt) { a.TLS = true }
	for _, tt := range []struct {
		second func(a *timeline.Attempt)
		run    *built
		want   string
	}{
		{run: answered(200), want: "HTTP/1.1 in clear text, 2 patterns"},
		{run: onePod().try(s, "a", tls), second: tls, want: "HTTP/1.1 over TLS, 2 patterns"},
		{run: answered(200), second: tls, want: "HTTP/1.1 in clear text and over TLS, 2 patterns"},
	} {
		b := tt.run.try(2*s, "a", func(a *timeline.Attempt) {
			a.Pattern, a.Status = "new", 200
			if tt.second != nil {
				tt.second(a)
			}
		})
		if d := diagnosed(withClasses(&b.Run)); d.Covers != tt.want || d.Statuses[200] == 0 {
			t.Errorf("%q, %v, want %q", d.Covers, d.Statuses, tt.want)
		}
	}
}
