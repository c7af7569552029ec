package lameduck

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The library is std only: go.mod requires nothing, and no file of the
// package imports anything else.
func TestStandardLibraryOnly(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word == "require" || word == "replace" || word == "tool" {
			t.Errorf("go.mod: %s", line)
		}
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	if deps := strings.Fields(string(out)); len(deps) != 1 {
		t.Errorf("the library depends on %v, want itself alone", deps)
	}
}

// The documentation of the package is read in a terminal.
func TestDocFitsOneScreen(t *testing.T) {
	out, err := exec.Command("go", "doc", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "\n"); n > 40 {
		t.Errorf("go doc . has %d lines, a screen has 40", n)
	}
}
