package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRulesPage keeps docs/RULES.md as the rules are.
func TestRulesPage(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "docs", "RULES.md")
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
		t.Errorf("docs/RULES.md is not what the rules are; write it with: go generate ./internal/lint\n%s", diff)
	}
}

// TestRulesAreComplete: each rule has what the page and lameduck explain need, in a
// file of its name.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if r.Title == "" || r.Why == "" || len(r.Sources) == 0 || r.Severity == "" || r.Wrong == "" || r.Right == "" || seen[r.ID] {
			t.Errorf("%q is incomplete, or there twice", r.ID)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%s: a title ends without a full stop, a sentence with one", r.ID)
		}
		if _, err := os.Stat(strings.ReplaceAll(r.ID, "-", "_") + ".go"); err != nil {
			t.Error(err)
		}
		seen[r.ID] = true
	}
}
