package diagnose

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/FINDINGS.md")

// TestFindingsPage keeps docs/FINDINGS.md as the rules are.
func TestFindingsPage(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "docs", "FINDINGS.md")
	var page bytes.Buffer
	if err := WritePage(&page); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page.String(), string(got)); diff != "" {
		t.Errorf("docs/FINDINGS.md is not what the rules are; write it with: go generate ./internal/diagnose\n%s", diff)
	}
}

// TestRulesAreComplete: each rule has what the page and the reports need, in a
// file of its name.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range rules {
		if r.title == "" || r.why == "" || r.summary == "" || r.explains == nil || r.fix == nil || seen[r.id] {
			t.Errorf("%q is incomplete, or there twice", r.id)
		}
		if len(r.sources) == 0 && r.id != tooBusy && r.id != unexplained {
			t.Errorf("%s has no source", r.id)
		}
		if strings.HasSuffix(r.title, ".") || !strings.HasSuffix(r.summary, ".") || !strings.HasSuffix(r.why, ".") {
			t.Errorf("%s: a title ends without a full stop, a sentence with one", r.id)
		}
		file := strings.ReplaceAll(r.id, "-", "_")
		if matches, _ := filepath.Glob(file + "*.go"); len(matches) != 1 {
			t.Errorf("%s: no file of that name, or several: %q", r.id, matches)
		}
		if seen[r.id] = true; r.id == unexplained && i != len(rules)-1 {
			t.Error("unexplained explains everything, so it is last")
		}
	}
}
