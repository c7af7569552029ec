package lint

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

var update = flag.Bool("update", false, "write testdata/*/wrong*.txt anew")

// TestRules has a folder for each rule. In a wrong*.yaml the rule finds what the .txt file
// of the same name has, in a right*.yaml it finds nothing. wrong.yaml and right.yaml are
// the examples of lameduck explain.
func TestRules(t *testing.T) {
	for _, r := range rules {
		t.Run(r.id, func(t *testing.T) {
			folder := filepath.Join("testdata", r.id)
			for _, example := range []string{"wrong.yaml", "right.yaml"} {
				if _, err := os.Stat(filepath.Join(folder, example)); err != nil {
					t.Error(err)
				}
			}
			files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				name := filepath.Base(file)
				switch {
				case strings.HasSuffix(name, ".fixed.yaml"): // of TestFix
				case strings.HasPrefix(name, "wrong"):
					t.Run(name, func(t *testing.T) { compare(t, file, findingsOf(t, r.id, file)) })
				case strings.HasPrefix(name, "right"):
					t.Run(name, func(t *testing.T) {
						if got := findingsOf(t, r.id, file); got != "" {
							t.Errorf("want no finding, got\n%s", got)
						}
					})
				default:
					t.Errorf("%s is neither wrong*.yaml nor right*.yaml", file)
				}
			}
		})
	}
}

// TestFoldersAreRules fails for a folder of examples that no rule has.
func TestFoldersAreRules(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known(e.Name()) {
			t.Errorf("testdata/%s: no rule has this ID", e.Name())
		}
	}
}

// findingsOf are what the rule finds in the file, three lines each.
func findingsOf(t *testing.T, id, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	objects, _, errs := object.Read(&object.File{Name: filepath.Base(path), Data: data})
	if len(errs) > 0 || len(objects) == 0 {
		t.Fatalf("%d objects, errors: %v", len(objects), errs)
	}
	var b strings.Builder
	for _, f := range Objects(objects) {
		if f.ID == id {
			fmt.Fprintf(&b, "%d:%d: %s: %s: %s\n", f.Line, f.Column, f.Severity, f.Object, f.Summary)
			fmt.Fprintf(&b, "\tbecause: %s\n\tfix: %s\n", f.Evidence, f.Fix)
		}
	}
	return b.String()
}

// compare compares with the text beside the file.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if got == "" {
		t.Error("want a finding")
		return
	}
	golden := strings.TrimSuffix(file, ".yaml") + ".txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test -update writes it anew (-want +got):\n%s", diff)
	}
}
