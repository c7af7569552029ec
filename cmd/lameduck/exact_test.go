package main

import (
	"bytes"
	"cmp"
	"errors"
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

// exactRuns is how many runs of each form TestExact makes: 2, or 1 with -short,
// unless EXACT_RUNS is set.
func exactRuns(t *testing.T) int {
	usual := "2"
	if testing.Short() {
		usual = "1"
	}
	runs, err := strconv.Atoi(cmp.Or(os.Getenv("EXACT_RUNS"), usual))
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
	if err := thisMachine.try(func() error { return exactlyOnce(t, form, causes) }); err != nil {
		t.Error(err)
	}
}

func exactlyOnce(t *testing.T, form string, causes []string) error {
	file := filepath.Join(t.TempDir(), "held")
	r, err := verify("--", "faulty", "killed-holding", form, file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the server did not come to its end: %w\n%s", err, r.evidence())
	}
	held, err := strconv.Atoi(string(text))
	if err != nil || held < 1 {
		return fmt.Errorf("the server held %q requests", text)
	}
	var wrong []error
	if r.Dropped != held {
		wrong = append(wrong, fmt.Errorf("%d dropped, the server held %d\n%s", r.Dropped, held, r.evidence()))
	}
	for _, cause := range slices.Sorted(maps.Keys(r.causes())) {
		if !slices.Contains(causes, cause) {
			wrong = append(wrong, fmt.Errorf("drops by %s, want %v", cause, causes))
		}
	}
	if !slices.Equal(r.ids(), []string{"cuts-in-flight-at-exit"}) {
		wrong = append(wrong, fmt.Errorf("findings %q\n%s", r.ids(), r.evidence()))
	}
	t.Logf("%d of %d attempts dropped, %d held", r.Dropped, r.Attempts, held)
	return r.wrong(errors.Join(wrong...))
}

// verify runs one that has to find something.
func verify(args ...string) (result, error) {
	cmd := exec.Command("lameduck", append([]string{"verify", "-o", "json", "--propagation", "300ms", "--rate", strconv.Itoa(rate)}, args...)...)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	code := cmd.ProcessState.ExitCode()
	if code == 3 && bytes.Contains(out, []byte(`"inconclusive"`)) {
		return result{}, fmt.Errorf("%w: %s", errInconclusive, talk.String())
	}
	if code != 1 {
		return result{}, fmt.Errorf("exit code %d (%v), want 1\n%s", code, err, talk.String())
	}
	return parseReport(bytes.TrimSpace(out))
}
