package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	s  = time.Second
	ms = time.Millisecond
)

// passed, failed and empty are what the diagnosis may be.
var passed = finding.Diagnosis{Verdict: finding.Pass, Covers: "HTTP/1.1 in clear text, 3 patterns", Statuses: map[int]int{200: 4490, 204: 10}, Recommend: advised}

func failed(found []finding.Finding) finding.Diagnosis {
	return finding.Diagnosis{Verdict: finding.Fail, Statuses: map[int]int{200: 4486, 503: 4}, Findings: found, Recommend: advised}
}

func empty(why string) finding.Diagnosis {
	return finding.Diagnosis{Verdict: finding.Inconclusive, Reason: "no attempt was made", Hint: "use a higher --rate", Recommend: finding.Recommendation{Why: why}}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (rewrite with -update):\n%s", path, diff)
	}
}

// rollout replaces app-1 by app-2 during the traffic.
func rollout() *timeline.Run {
	run := &timeline.Run{
		Start: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC), Tool: "v1.2.3",
		Duration: 31200 * ms, Stage: "lab", Action: "rollout", Rounds: 3, Rate: 200, Seed: 1<<63 + 42, Replicas: 1, Nodes: 3,
		Load: timeline.Load{Patterns: []string{"new", "keepalive", "slow"}, Rate: 400, Request: timeline.Request{Method: "GET", Path: "/", Host: "app", Headers: []timeline.Header{{Name: "Accept"}}, Body: 100, TLS: timeline.TLSOn}},
		Spec: timeline.Spec{Propagation: "rollout", Grace: 30 * s},
		Events: []timeline.Event{
			{At: 10 * ms, Kind: timeline.Started, Pod: "app-1"}, {At: 510 * ms, Kind: timeline.Ready, Pod: "app-1"},
			{At: 2 * s, Kind: timeline.Started, Pod: "app-2"}, {At: 3 * s, Kind: timeline.Ready, Pod: "app-2"},
			{At: 3200 * ms, Kind: timeline.Deleted, Pod: "app-1"}, {At: 3201 * ms, Kind: timeline.Signalled, Pod: "app-1", Caught: true},
			{At: 13215 * ms, Kind: timeline.Exited, Pod: "app-1"},
		},
	}
	for i := range 1500 {
		at := time.Duration(i) * 10 * ms
		pod := "app-1"
		if at > 5*s {
			pod = "app-2"
		}
		latency := time.Duration(i%100)*100*time.Microsecond + ms
		run.Attempts = append(run.Attempts,
			timeline.Attempt{Pattern: "slow", Scheduled: at, Started: at, Ended: at + 200*latency, Pod: pod},
			timeline.Attempt{Pattern: "new", Scheduled: at, Started: at, Ended: at + latency, Pod: pod},
			timeline.Attempt{Pattern: "keepalive", Scheduled: at, Started: at, Ended: at + latency, Pod: pod, Reused: i > 0},
			timeline.Attempt{Pattern: "new", Control: true})
	}
	return run
}

func dropping(run *timeline.Run) *timeline.Run {
	fail := func(i int, c timeline.Cause, r timeline.Retry) { run.Attempts[i].Cause, run.Attempts[i].Retry = c, r }
	for i, c := range timeline.Causes {
		fail(4*i+1, c, timeline.NoRetry)
	}
	fail(2, timeline.EOF, timeline.RetryOK)
	fail(6, timeline.EOF, timeline.RetryFailed)
	run.Events = append(run.Events, timeline.Event{At: 13 * s, Kind: timeline.Killed, Pod: "app-1"},
		timeline.Event{At: 14 * s, Kind: timeline.Exited, Pod: "app-1", Code: 137, Signal: "SIGKILL"})
	return run
}

func noisy(run *timeline.Run) *timeline.Run {
	for i := range 3 {
		run.Attempts[3+4*i].Cause = timeline.Reset
	}
	return run
}

var found = []finding.Finding{
	{ID: "exits-at-once", Summary: "The process exits at the stop signal: requests in flight are cut, and new connections that are still routed to the pod are refused.",
		Evidence: "app-1: signal at 3.20 s, exited at 3.21 s with code 2, 3 ms after termination began, new connections arrived for another 1.80 s; 10 drops (8 refused, 2 eof; 9 new, 2 keepalive)",
		Fix:      "Go: call lameduck.ListenAndServe(addr, handler) in place of http.ListenAndServe: the server keeps serving after the signal.\nAny language: handle the signal, keep serving for 4 s with `Connection: close` on every response, finish the requests in flight, then exit.", Drops: 10},
	{ID: "unexplained", Summary: "Drops that the termination of a pod does not explain.", Evidence: "1 drop (1 timeout; 1 new)", Fix: "see.", Drops: 1},
}

var advised = finding.Recommendation{DelaySeconds: 4, GraceSeconds: 30,

	Why: "the last new connection arrived 1.80 s after termination began (app-1), × 1.25 + 1 s makes 4 s of delay"}

// counted are the counts of a run in memory.
func counted(run *timeline.Run) *Counts {
	c := NewCounts(run)
	_ = c.Of(run.InMemory)(func(*timeline.Attempt) {})
	return c
}

func render(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	pass := New(counted(rollout()), passed)
	fail := New(counted(noisy(dropping(rollout()))), failed(found))
	warning := New(counted(rollout()), failed([]finding.Finding{{ID: "cuts-keep-alive-at-exit", Summary: "The server never sends Connection: close while it terminates.", Evidence: "seen", Fix: "send it."}}))
	demo := NewDemo(Server{"default", fail}, Server{"sleep-exit", warning}, Server{"lameduck", pass}, Server{"silent", New(counted(&timeline.Run{}), empty(""))})
	after := rollout()
	after.Start, after.Rate, after.Load.Patterns = after.Start.Add(time.Hour), 100, []string{"new", "keepalive"}
	after.Attempts = slices.DeleteFunc(after.Attempts, func(a timeline.Attempt) bool { return a.Pattern == "slow" })
	after.Attempts[0].Cause, after.Attempts[3].Cause = timeline.Timeout, timeline.Timeout
	mended := New(counted(after), failed([]finding.Finding{found[1], {ID: "crashes", Drops: 1}}))
	tests := map[string]func(io.Writer) error{
		"compare.txt":      func(w io.Writer) error { return CompareText(w, Compare(fail, mended), false) },
		"compare.json":     func(w io.Writer) error { return CompareJSON(w, Compare(fail, mended)) },
		"compare_pass.txt": func(w io.Writer) error { return CompareText(w, Compare(pass, pass), false) },
		"compare_empty.txt": func(w io.Writer) error {
			return CompareText(w, Compare(New(counted(&timeline.Run{}), empty("")), pass), false)
		},
		"pass.txt":    func(w io.Writer) error { return Text(w, pass, false) },
		"fail.txt":    func(w io.Writer) error { return Text(w, fail, false) },
		"warning.txt": func(w io.Writer) error { return Text(w, warning, false) },
		"empty.txt": func(w io.Writer) error {
			return Text(w, New(counted(&timeline.Run{}), empty("no pod was terminated in this run")), false)
		},
		"pass.json":  func(w io.Writer) error { return JSON(w, pass) },
		"fail.json":  func(w io.Writer) error { return JSON(w, fail) },
		"empty.json": func(w io.Writer) error { return JSON(w, New(counted(&timeline.Run{}), empty(""))) },
		"demo.txt":   func(w io.Writer) error { return DemoText(w, demo, false) },
		"demo.json":  func(w io.Writer) error { return DemoJSON(w, demo) },
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			got := render(t, write)
			golden(t, name, got)
			for line := range strings.Lines(string(got)) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 110 && !strings.HasSuffix(name, ".json") {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

// The names are a contract with scripts that read the report.
func TestJSONNames(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(render(t, func(w io.Writer) error { return JSON(w, New(counted(dropping(rollout())), failed(found))) }), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"": "action attempts control dropped duration_ms findings pods rate recommend rounds seed spec stage start statuses tool traffic verdict version void", "control": "attempts failed",
		"spec":    "body grace_s headers host method nodes path patterns propagation rate replicas tls",
		"traffic": "attempts causes dropped dropped_after_safe_retry latency_ms pattern void", "latency_ms": "max p50 p90 p99",
		"pods": "deleted_ms exit_code exited_ms killed late name ready_ms signalled_ms", "late": "connections last_connection_ms last_request_ms requests",
		"findings": "drops evidence fix id summary", "recommend": "delay_s grace_s why",
	}
	names := map[string]any{}
	collect(names, "", got)
	delete(names, "causes")
	delete(names, "statuses")
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// TestVersion1 reads the reports of version 1 that the same runs had: a reader of
// version 1 finds each of its fields, with the same content. Version 2 has one
// verdict more: a run without an attempt, which was a fail, is inconclusive.
func TestVersion1(t *testing.T) {
	for _, name := range []string{"pass.json", "fail.json", "empty.json", "demo.json"} {
		t.Run(name, func(t *testing.T) {
			var was, is map[string]any
			for path, into := range map[string]*map[string]any{filepath.Join("version1", name): &was, name: &is} {
				text, err := os.ReadFile(filepath.Join("testdata", path))
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(text, into); err != nil {
					t.Fatal(err)
				}
			}
			if was["version"] != 1.0 || is["version"] != 2.0 {
				t.Errorf("versions %v and %v", was["version"], is["version"])
			}
			missing(t, name, was, is)
		})
	}
}

// missing fails where is does not have all that was has.
func missing(t *testing.T, at string, was, is any) {
	t.Helper()
	switch was := was.(type) {
	case map[string]any:
		now, _ := is.(map[string]any)
		for key, v := range was {
			if inner, ok := now[key]; !ok {
				t.Errorf("%s.%s is missing", at, key)
			} else if key != "version" {
				missing(t, at+"."+key, v, inner)
			}
		}
	case []any:
		now, _ := is.([]any)
		if len(now) != len(was) {
			t.Errorf("%s has %d elements, and had %d", at, len(now), len(was))
			return
		}
		for i := range was {
			missing(t, fmt.Sprintf("%s[%d]", at, i), was[i], now[i])
		}
	default:
		inconclusive := strings.HasSuffix(at, ".verdict") && was == "fail" && is == string(finding.Inconclusive)
		if was != is && !inconclusive {
			t.Errorf("%s is %v, and was %v", at, is, was)
		}
	}
}

func collect(names map[string]any, of string, v any) {
	switch v := v.(type) {
	case map[string]any:
		names[of] = strings.Join(sortedKeys(v), " ")
		for k, inner := range v {
			collect(names, k, inner)
		}
	case []any:
		for _, inner := range v {
			collect(names, of, inner)
		}
	}
}

// TestInconclusive: the text has the reason, what to do, and what was seen.
func TestInconclusive(t *testing.T) {
	r := New(counted(rollout()), finding.Diagnosis{Verdict: finding.Inconclusive, Reason: "no response was a success: 4500 × 404 Not Found",
		Hint: "test a path that is served, with --path", Statuses: map[int]int{404: 4500}, Recommend: advised})
	golden(t, "inconclusive.txt", render(t, func(w io.Writer) error { return Text(w, r, false) }))
	golden(t, "inconclusive.json", render(t, func(w io.Writer) error { return JSON(w, r) }))
}

// TestDropsBesideRedirects: a fail in which nothing was served has a note that
// something else may serve what users request; any other has none.
func TestDropsBesideRedirects(t *testing.T) {
	for _, tt := range []struct {
		statuses map[int]int
		want     bool
	}{{map[int]int{301: 900}, true}, {map[int]int{301: 900, 404: 3}, true}, {map[int]int{200: 1, 301: 900}, false}, {nil, false}} {
		d := failed(found)
		d.Statuses = tt.statuses
		r := New(counted(dropping(rollout())), d)
		text := strings.Join(strings.Fields(string(render(t, func(w io.Writer) error { return Text(w, r, false) }))), " ")
		if got := strings.Contains(text, "No response was a success: the drops are real"); got != tt.want {
			t.Errorf("%v: %v, want %v\n%s", tt.statuses, got, tt.want, text)
		}
	}
}

// TestVoidInDemo: the demo reports how many attempts its table does not count.
func TestVoidInDemo(t *testing.T) {
	for _, void := range []int{0, 2} {
		r := New(counted(rollout()), passed)
		r.Void = void
		text := string(render(t, func(w io.Writer) error { return DemoText(w, NewDemo(Server{"x", r}, Server{"y", r}), false) }))
		if got := strings.Contains(text, "void: 4 attempts failed while this machine was late"); got != (void > 0) {
			t.Errorf("%d void: %v\n%s", void, got, text)
		}
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	r := New(counted(dropping(rollout())), failed(found))
	demo := NewDemo(Server{"default", r}, Server{"lameduck", New(counted(rollout()), passed)})
	plain := render(t, func(w io.Writer) error { return errors.Join(Text(w, r, false), DemoText(w, demo, false)) })
	coloured := render(t, func(w io.Writer) error { return errors.Join(Text(w, r, true), DemoText(w, demo, true)) })
	if bytes.Equal(plain, coloured) || bytes.Contains(plain, []byte("\x1b")) {
		t.Error("colour does not follow the flag")
	}
	stripped := string(coloured)
	for _, code := range []string{good, bad, name, "0"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(string(plain), stripped); diff != "" {
		t.Error(diff)
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) { b.writes++; return 0, io.ErrClosedPipe }

func TestTheErrorOfTheWriterIsMetOnce(t *testing.T) {
	r := New(counted(rollout()), passed)
	for name, write := range map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return Text(w, r, false) }, "json": func(w io.Writer) error { return JSON(w, r) },
		"demo": func(w io.Writer) error { return DemoText(w, NewDemo(Server{"x", r}), false) },
	} {
		b := &broken{}
		if err := write(b); !errors.Is(err, io.ErrClosedPipe) || b.writes != 1 {
			t.Errorf("%s: %v after %d writes", name, err, b.writes)
		}
	}
}

func TestManyPodsAreCutInTextOnly(t *testing.T) {
	run := &timeline.Run{}
	for i := range 25 {
		run.Events = append(run.Events, timeline.Event{Kind: timeline.Started, Pod: strings.Repeat("p", i+1)})
	}
	r := New(counted(run), passed)
	text := string(render(t, func(w io.Writer) error { return Text(w, r, false) }))
	if len(r.Pods) != 25 || !strings.Contains(text, "and 5 pods more") {
		t.Errorf("%d pods, text:\n%s", len(r.Pods), text)
	}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
