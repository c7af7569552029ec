package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPackages: the demo is what a new user compiles first, so it has none of
// Kubernetes, and no more packages than CHANGELOG.md has.
func TestPackages(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if most := 250; len(packages) > most {
		t.Errorf("%d packages, want at most %d", len(packages), most)
	}
	for _, p := range packages {
		if strings.HasPrefix(p, "k8s.io/") {
			t.Errorf("the demo needs %s", p)
		}
	}
}
