package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exactRuns is how many runs of each form TestExact makes, 2 unless
// EXACT_RUNS says otherwise.
func exactRuns(t *testing.T) int {
	runs, err := strconv.Atoi(cmp.Or(os.Getenv("EXACT_RUNS"), "2"))
	if err != nil || runs < 1 {
		t.Fatalf("EXACT_RUNS=%q is no number of runs", os.Getenv("EXACT_RUNS"))
	}
	return runs
}

// TestExact: a server that kills itself in the middle of requests writes down
// how many it held, and verify reports exactly that many drops.
func TestExact(t *testing.T) {
	t.Parallel()
	for _, form := range []struct {
		name   string
		causes []string
	}{
		{"before-headers", []string{"eof", "reset"}},
		{"content-length", []string{"truncated"}},
		{"chunked", []string{"truncated"}},
	} {
		for i := range exactRuns(t) {
			t.Run(fmt.Sprintf("%s/%d", form.name, i+1), func(t *testing.T) {
				t.Parallel()
				exactly(t, form.name, form.causes)
			})
		}
	}
}

func exactly(t *testing.T, form string, causes []string) {
	file := filepath.Join(t.TempDir(), "held")
	r := verify(t, "--", "faulty", "dies-holding", form, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("the server did not come to its end: %v\n%s", err, r.evidence())
	}
	held, err := strconv.Atoi(string(text))
	if err != nil || held < 1 {
		t.Fatalf("the server held %q requests", text)
	}
	if r.Dropped != held {
		t.Errorf("%d dropped, the server held %d\n%s", r.Dropped, held, r.evidence())
	}
	for _, cause := range slices.Sorted(maps.Keys(r.causes())) {
		if !slices.Contains(causes, cause) {
			t.Errorf("drops by %s, want %v", cause, causes)
		}
	}
	if !slices.Equal(r.ids(), []string{"cuts-in-flight-at-exit"}) {
		t.Errorf("findings %q\n%s", r.ids(), r.evidence())
	}
	t.Logf("%d of %d attempts dropped, %d held", r.Dropped, r.Attempts, held)
}

// verify runs one that has to find something.
func verify(t *testing.T, args ...string) result {
	t.Helper()
	cmd := exec.Command("lameduck", append([]string{"verify", "-o", "json", "--propagation", "300ms"}, args...)...)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("exit code %d (%v), want 1\n%s", code, err, talk.String())
	}
	r, err := parseReport(bytes.TrimSpace(out))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
