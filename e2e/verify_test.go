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

	code int    // how the tool ended
	said string // on stderr
}

// podResult is the life of one pod.
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
func (s *space) verify(args ...string) *result {
	s.Helper()
	return verify(s.T, s.tool, append(args, "-n", s.name)...)
}

// mostTries is how often a trial is made whose result a late machine may have spoilt.
const mostTries = 4

// verifyFinds runs the tool in the namespace of the test, and wants these findings.
// Others on a machine that was late are no evidence about the server, and not
// about the tool, and an inconclusive result says so itself: the trial is made again,
// with no other beside it.
func (s *space) verifyFinds(ids []string, args ...string) *result {
	s.Helper()
	return s.prepareFinds(ids, func() []string { return args })
}

// prepareFinds is verifyFinds of a trial that has to be prepared each time; what
// prepares it returns the arguments.
func (s *space) prepareFinds(ids []string, prepare func() []string) *result {
	s.Helper()
	ids = slices.Sorted(slices.Values(ids))
	r, late := s.verifyHolding(thisRoom.trials.RLocker(), prepare()...)
	for range mostTries - 1 {
		if r.found(ids) || late <= lateness.Tolerated && !r.inconclusive() {
			break
		}
		s.Logf("found %v, want %v; this machine was late by %v, so once more\n%s", r.ids(), ids, late.Round(time.Millisecond), r)
		r, late = s.verifyHolding(&thisRoom.trials, prepare()...)
	}
	if !r.found(ids) && (late > lateness.Tolerated || r.inconclusive()) {
		s.Fatalf("no result in %d tries: this machine was late by %v\n%s", mostTries, late.Round(time.Millisecond), r)
	}
	r.wantFindings(s.T, ids...)
	return r
}

// verifyHolding returns also by how much this machine was late meanwhile.
func (s *space) verifyHolding(l sync.Locker, args ...string) (*result, time.Duration) {
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
	out   bytes.Buffer
	said  talk
	ended chan error
}

// start begins a trial beside the test, which has to take its result.
func start(t *testing.T, tool string, args ...string) *trial {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	v := &trial{Cmd: exec.CommandContext(ctx, tool, append([]string{"verify", "-o", "json"}, args...)...), ended: make(chan error, 1)}
	v.Stdout, v.Stderr = &v.out, &v.said
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
func (s *space) watch(args ...string) *trial {
	s.Helper()
	v := start(s.T, s.tool, append(args, "--action=watch", "-n", s.name)...)
	s.until("the load flows", func() bool { return len(v.ended) > 0 || strings.Contains(v.said.String(), "watch 1 of 1") })
	return v
}

// result waits for the end.
func (v *trial) result(t *testing.T) *result {
	t.Helper()
	err := <-v.ended
	args := strings.Join(v.Args[1:], " ")
	r := &result{code: v.ProcessState.ExitCode(), said: v.said.String()}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	if err := json.Unmarshal(v.out.Bytes(), r); err != nil || r.code > 1 && !r.inconclusive() {
		t.Fatalf("%s: exit %d, %v\n%s%s", args, r.code, err, &v.out, r.said)
	}
	t.Logf("%s: %s", args, r)
	return r
}

// talk is what the tool says, to be read while it says it.
type talk struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *talk) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *talk) String() string {
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
// than a quarter of the drops is left out: of a pod that is guilty a machine as
// busy as this one files some under a neighbouring cause. Who is innocent has
// no drop at all, and is asked for that.
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

// wantGuilty: this is found, and nothing else but what may come with it.
func (r *result) wantGuilty(t *testing.T, id string, may ...string) {
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

// wantEnded: so many pods were told to end, and did.
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
