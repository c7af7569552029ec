package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDemo: lameduck drops nothing, and each of the other three what it must, with the
// finding that its lesson announces.
// Its four trials are as many as this machine should do at once.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half of the machine for 20 s: make demo shows the same")
	}
	t.Parallel()
	if err := thisMachine.tries(func() int { return thisMachine.all() / 2 }, func() error { return demoIsRight(t) }); err != nil {
		t.Error(err)
	}
}

func demoIsRight(t *testing.T) error {
	cmd := exec.Command("lameduck", "demo", "-o", "json")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var demo struct {
		Version int
		Servers []struct {
			Name string
			result
		}
	}
	if err := json.Unmarshal(out, &demo); err != nil || demo.Version != 2 || len(demo.Servers) != 4 {
		return fmt.Errorf("%w: %s", err, out)
	}
	// On which of the patterns of kept connections a cut meets a request is
	// chance; together they make some hundred requests a second.
	must := map[string][]string{"default": {"new"}, "shutdown": {"new"}, "sleep-exit": {"keepalive", "slow"}}
	var wrong []error
	for _, s := range demo.Servers {
		dropped := map[string]int{}
		for _, traffic := range s.Traffic {
			dropped[traffic.Pattern] = traffic.Dropped
		}
		t.Logf("%s: %d attempts, dropped %v, findings %v", s.Name, s.Attempts, dropped, s.ids())
		if len(s.Traffic) != 3 {
			wrong = append(wrong, fmt.Errorf("%s: %d patterns, want 3", s.Name, len(s.Traffic)))
		}
		of := 0
		for _, pattern := range must[s.Name] {
			of += dropped[pattern]
		}
		if s.Name != "lameduck" && of == 0 {
			wrong = append(wrong, fmt.Errorf("%s drops nothing on %v", s.Name, must[s.Name]))
		}
		if want := findingOfLesson(t, s.Name); s.Dropped > 0 && want != "" && !slices.Contains(s.ids(), want) {
			wrong = append(wrong, fmt.Errorf("%s has %v, and its lesson announces %s", s.Name, s.ids(), want))
		}
		if s.Name == "lameduck" && s.Dropped+len(s.Findings) != 0 {
			wrong = append(wrong, fmt.Errorf("lameduck drops %v: %s", dropped, s.evidence()))
		}
	}
	return errors.Join(wrong...)
}

// findingOfLesson is the finding that the page of a lesson announces; "" if it is none.
func findingOfLesson(t *testing.T, name string) string {
	t.Helper()
	pages, err := filepath.Glob("../../tutorial/*-" + name + "/README.md")
	if err != nil || len(pages) != 1 {
		t.Fatalf("the pages of %s are %q: %v", name, pages, err)
	}
	text, err := os.ReadFile(pages[0])
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(string(text), "docs/FINDINGS.md#")
	id, _, _ = strings.Cut(id, ")")
	return id
}
