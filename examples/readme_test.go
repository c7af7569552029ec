package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// terminates is the call by which a test does so.
var terminates = regexp.MustCompile(`trial\.CheckNothingLost\(|\.(Terminate|Leave)\(t, load\.`)

// Every example is in the README, fits on two screens, and has a test that
// terminates it.
func TestReadmeAndSize(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs, err := filepath.Glob("*/main.go")
	if err != nil || len(programs) < 18 {
		t.Fatalf("%d examples: %v", len(programs), err)
	}
	for _, main := range programs {
		folder := filepath.Dir(main)
		if !strings.Contains(string(readme), "["+folder+"]("+filepath.ToSlash(main)+")") {
			t.Errorf("README.md does not name %s", folder)
		}
		text, err := os.ReadFile(main)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n >= 80 {
			t.Errorf("%s has %d lines, want less than 80", main, n)
		}
		test, err := os.ReadFile(filepath.Join(folder, "main_test.go"))
		if err != nil || !terminates.Match(test) {
			t.Errorf("%s has no test that terminates it under load: %v", folder, err)
		}
	}
}
