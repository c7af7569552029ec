package lameduck

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The library is std only: go.mod requires nothing, and whatever the package
// imports is of the standard library or of this module.
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
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", ".", "./lameducktest").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if pkg, module, _ := strings.Cut(strings.TrimSpace(line), " "); module != "github.com/lameduck-dev/lameduck" {
			t.Errorf("the library depends on %s", pkg)
		}
	}
}

// The documentation of the package is read in a terminal.
func TestDocFitsOneScreen(t *testing.T) {
	out, err := exec.Command("go", "doc", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "\n"); n > 50 {
		t.Errorf("go doc . has %d lines, a screen has 50", n)
	}
}
