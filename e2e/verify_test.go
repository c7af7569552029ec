package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/lateness"
)

// result is what verify -o json prints, as far as the tests look at it.
type result struct {
	Verdict  string
	Reason   string // why it is inconclusive
	Attempts int
	Dropped  int
	Control  struct{ Attempts, Failed int }
	Traffic  []struct {
		Pattern  string
		Attempts int
		Dropped  int
		Causes   map[string]int
	}
	Pods     []podResult
	Findings []struct {
		ID       string
		Evidence string
		Drops    int
	}
	Clocks      []struct{ Node string }
	Propagation []struct {
		Node   string
		Within float64   `json:"within_ms"`
		Lags   []float64 `json:"lags_ms"`
	}

	code   int // exit code of the tool
	stderr string
}

// podResult is what a report has of one pod.
type podResult struct {
	Name     string
	Killed   bool
	ExitCode *int     `json:"exit_code"`
	Exited   *float64 `json:"exited_ms"`
	Deleted  *float64 `json:"deleted_ms"`
	Late     struct {
		Connections    int
		LastConnection *float64 `json:"last_connection_ms"`
	}
}

// pod is that of a name, as in pod/NAME, or nil.
func (r *result) pod(name string) *podResult {
	for i := range r.Pods {
		if "pod/"+r.Pods[i].Name == name {
			return &r.Pods[i]
		}
	}
	return nil
}

// exit is how it ended.
func (p *podResult) exit() string {
	switch {
	case p == nil || p.ExitCode == nil:
		return "unknown"
	case p.Killed:
		return fmt.Sprintf("%d, killed", *p.ExitCode)
	}
	return fmt.Sprint(*p.ExitCode)
}

// verify runs the tool in the namespace of the test.
func (s *namespace) verify(args ...string) *result {
	s.Helper()
	return verify(s.T, s.tool, append(args, "-n", s.name)...)
}

// mostTries is how often a trial is made whose result a late machine may have spoilt.
const mostTries = 4

// verifyFinds runs the tool in the namespace of the test, and wants these findings.
// Other findings, on a machine that was late, are evidence about neither the server nor
// the tool, and neither is an inconclusive result: the trial is made again, with no
// other beside it.
func (s *namespace) verifyFinds(ids []string, args ...string) *result {
	s.Helper()
	return s.prepareFinds(ids, func() []string { return args })
}

// prepareFinds is verifyFinds of a trial that has to be prepared each time; what
// prepares it returns the arguments.
func (s *namespace) prepareFinds(ids []string, prepare func() []string) *result {
	s.Helper()
	ids = slices.Sorted(slices.Values(ids))
	r, late := s.verifyHolding(thisMachine.trials.RLocker(), prepare()...)
	for range mostTries - 1 {
		if r.found(ids) || late <= lateness.Tolerated && !r.inconclusive() {
			break
		}
		s.Logf("found %v, want %v; this machine was late by %v, so once more\n%s", r.ids(), ids, late.Round(time.Millisecond), r)
		r, late = s.verifyHolding(&thisMachine.trials, prepare()...)
	}
	if !r.found(ids) && (late > lateness.Tolerated || r.inconclusive()) {
		s.Fatalf("no result in %d tries: this machine was late by %v\n%s", mostTries, late.Round(time.Millisecond), r)
	}
	r.wantFindings(s.T, ids...)
	return r
}

// verifyHolding returns also by how much this machine was late meanwhile.
func (s *namespace) verifyHolding(l sync.Locker, args ...string) (*result, time.Duration) {
	s.Helper()
	l.Lock()
	defer l.Unlock()
	late := lateness.Begin()
	r := s.verify(args...)
	return r, late.Stop()
}

func verify(t *testing.T, tool string, args ...string) *result {
	t.Helper()
	return start(t, tool, args...).result(t)
}

// trial is the tool at work.
type trial struct {
	*exec.Cmd
	out    bytes.Buffer
	stderr liveOutput
	ended  chan error
}

// start begins a trial beside the test, which has to take its result.
func start(t *testing.T, tool string, args ...string) *trial {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	v := &trial{Cmd: exec.CommandContext(ctx, tool, append([]string{"verify", "-o", "json"}, args...)...), ended: make(chan error, 1)}
	v.Stdout, v.Stderr = &v.out, &v.stderr
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer cancel()
		v.ended <- v.Wait()
	}()
	return v
}

// watch begins a trial in which the test itself ends pods, and returns when
// the load flows.
func (s *namespace) watch(args ...string) *trial {
	s.Helper()
	v := start(s.T, s.tool, append(args, "--action=watch", "-n", s.name)...)
	s.until("the load flows", func() bool { return len(v.ended) > 0 || strings.Contains(v.stderr.String(), "watch 1 of 1") })
	return v
}

// result waits for the end.
func (v *trial) result(t *testing.T) *result {
	t.Helper()
	err := <-v.ended
	args := strings.Join(v.Args[1:], " ")
	r := &result{code: v.ProcessState.ExitCode(), stderr: v.stderr.String()}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	if err := json.Unmarshal(v.out.Bytes(), r); err != nil || r.code > 1 && !r.inconclusive() {
		t.Fatalf("%s: exit %d, %v\n%s%s", args, r.code, err, &v.out, r.stderr)
	}
	t.Logf("%s: %s", args, r)
	return r
}

// liveOutput is the output of a process, to be read while it runs.
type liveOutput struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *liveOutput) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *liveOutput) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (r *result) String() string {
	var b strings.Builder
	if r.inconclusive() {
		fmt.Fprintf(&b, "%s: ", r.Reason)
	}
	fmt.Fprintf(&b, "%s, %d of %d dropped, control %d of %d;", r.Verdict, r.Dropped, r.Attempts, r.Control.Failed, r.Control.Attempts)
	for _, p := range r.Traffic {
		fmt.Fprintf(&b, " %s %d of %d %v;", p.Pattern, p.Dropped, p.Attempts, p.Causes)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n    %s, %d drops: %s", f.ID, f.Drops, f.Evidence)
	}
	return b.String()
}

func (r *result) inconclusive() bool { return r.Verdict == "inconclusive" }

// found reports whether these are the findings, each certain or in doubt. That there is
// none has to be certain.
func (r *result) found(ids []string) bool {
	return slices.Equal(r.ids(), ids) && (len(ids) > 0 || !r.inconclusive())
}

// ids are those of the findings, in order of the alphabet. One that has less
// than a quarter of the drops is left out: of a pod with a fault a machine as
// busy as this one files some under a neighbouring cause. A server without a fault must
// have no drop at all (see wantFindings).
func (r *result) ids() []string {
	var ids []string
	for _, f := range r.Findings {
		if f.Drops == 0 || r.weighs(f.Drops) {
			ids = append(ids, f.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// weighs reports whether so many drops are a good part of all.
func (r *result) weighs(drops int) bool { return drops > 0 && 4*drops >= r.Dropped }

// wantFindings: these and no others; none means that nothing was dropped.
func (r *result) wantFindings(t *testing.T, ids ...string) {
	t.Helper()
	slices.Sort(ids)
	if !slices.Equal(r.ids(), ids) {
		t.Errorf("found %v, want %v\n%s", r.ids(), ids, r)
	}
	if len(ids) == 0 && (r.Dropped > 0 || r.code != 0) {
		t.Errorf("%d drops, exit %d, want none\n%s", r.Dropped, r.code, r)
	}
	if r.Attempts == 0 || r.Control.Attempts == 0 {
		t.Error("no attempts")
	}
}

// wantFinding: this is found, and nothing else but what may come with it.
func (r *result) wantFinding(t *testing.T, id string, may ...string) {
	t.Helper()
	if !slices.Contains(r.ids(), id) {
		t.Errorf("found %v, want %s\n%s", r.ids(), id, r)
	}
	r.wantNoneBut(t, append(may, id)...)
}

// wantNoneBut: whatever is found, it is one of these.
func (r *result) wantNoneBut(t *testing.T, ids ...string) {
	t.Helper()
	if slices.ContainsFunc(r.ids(), func(found string) bool { return !slices.Contains(ids, found) }) {
		t.Errorf("found %v, want nothing but %s\n%s", r.ids(), ids, r)
	}
	if r.Attempts == 0 {
		t.Error("no attempts")
	}
}

// dropped counts those of a pattern.
func (r *result) dropped(pattern string) int {
	for _, p := range r.Traffic {
		if p.Pattern == pattern {
			return p.Dropped
		}
	}
	return 0
}

// wantEnded: so many pods were deleted, and have exited.
func (r *result) wantEnded(t *testing.T, pods int) {
	t.Helper()
	ended := 0
	for _, p := range r.Pods {
		if p.Deleted != nil && p.Exited != nil {
			ended++
		}
	}
	if ended != pods {
		t.Errorf("%d pods were deleted and have exited, want %d: %+v", ended, pods, r.Pods)
	}
}
