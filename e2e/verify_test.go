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
	"testing"
	"time"
)

// result is what verify -o json prints, as far as the tests look at it.
type result struct {
	Verdict  string
	Attempts int
	Dropped  int
	Control  struct{ Attempts, Failed int }
	Traffic  []struct {
		Pattern  string
		Attempts int
		Dropped  int
		Causes   map[string]int
	}
	Pods []struct {
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
	Findings []struct {
		ID       string
		Evidence string
		Drops    int
	}
	Clocks []struct{ Node string }

	code int    // how the tool ended
	said string // on stderr
}

// verify runs the tool in the namespace of the test.
func (s *space) verify(args ...string) *result {
	s.Helper()
	return verify(s.T, s.tool, append(args, "-n", s.name)...)
}

func verify(t *testing.T, tool string, args ...string) *result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, append([]string{"verify", "-o", "json"}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	r := &result{code: cmd.ProcessState.ExitCode(), said: said.String()}
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	if r.code > 1 {
		t.Fatalf("verify %s: exit %d\n%s", strings.Join(args, " "), r.code, r.said)
	}
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		t.Fatalf("verify %s: %v\n%s%s", strings.Join(args, " "), err, &out, r.said)
	}
	t.Logf("verify %s: %s", strings.Join(args, " "), r)
	return r
}

func (r *result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d of %d dropped, control %d of %d;", r.Verdict, r.Dropped, r.Attempts, r.Control.Failed, r.Control.Attempts)
	for _, p := range r.Traffic {
		fmt.Fprintf(&b, " %s %d of %d %v;", p.Pattern, p.Dropped, p.Attempts, p.Causes)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n    %s, %d drops: %s", f.ID, f.Drops, f.Evidence)
	}
	return b.String()
}

// ids are those of the findings, in order of the alphabet.
func (r *result) ids() []string {
	var ids []string
	for _, f := range r.Findings {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	return ids
}

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

// dropped counts those of a pattern.
func (r *result) dropped(pattern string) int {
	for _, p := range r.Traffic {
		if p.Pattern == pattern {
			return p.Dropped
		}
	}
	return 0
}
