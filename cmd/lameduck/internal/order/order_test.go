// Package order has tests of the order of the tool's code: its packages import what is in
// the table of docs/ARCHITECTURE.md, and no other of them; its files are in no circle.
package order

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/typecheck"
)

const (
	modulePath = "github.com/lameduck-dev/lameduck/cmd/lameduck"
	page       = "../../../../docs/ARCHITECTURE.md"
)

// ground is what every package may import: plain data that knows nothing of ours.
var ground = []string{"manifest", "timeline", "finding", "hint"}

// A row is a package of the table, and what it may import.
type row struct {
	place int      // in the table
	all   bool     // all that is below it
	knows []string // beside the ground floor
}

// table reads the page.
func table(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\n## The tool\n"))
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	rows := map[string]row{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		r := row{place: len(rows), all: strings.TrimSpace(cells[3]) == "all below", knows: quoted(cells[3])}
		for _, name := range quoted(cells[1]) {
			rows[name] = r
		}
	}
	return rows
}

// quoted are the names in backquotes.
func quoted(cell string) (names []string) {
	for _, match := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(cell, -1) {
		names = append(names, match[1])
	}
	return names
}

// imports are those of each package of the tool, of packages whose path has the prefix,
// without it. The files are
// read here and not by the go command, so that the test runs again when one changes;
// it does not when only the page has changed, which is outside of the module.
func imports(t *testing.T, prefix string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		imported, err := importsOf(path, prefix)
		all[name] = append(all[name], imported...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// importsOf are the packages that a file imports. A test may import what it tries: of
// that there are none.
func importsOf(path, prefix string) (names []string, err error) {
	if strings.HasSuffix(path, "_test.go") {
		return nil, nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, x := range f.Imports {
		if name, ok := strings.CutPrefix(strings.Trim(x.Path.Value, `"`), prefix); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func TestPackagesHaveAnOrder(t *testing.T) {
	rows := table(t)
	for name, imported := range imports(t, modulePath+"/internal/") {
		r, known := rows[name]
		if !known && len(imported) == 0 {
			continue // a package for tests
		}
		if !known {
			t.Errorf("%s is not in the table of %s", name, page)
		}
		for _, other := range imported {
			if !r.all && !slices.Contains(r.knows, other) && !slices.Contains(ground, other) {
				t.Errorf("%s imports %s, and the table of %s does not have it", name, other, page)
			}
			if rows[other].place <= r.place {
				t.Errorf("%s imports %s, and in the table of %s that is not below it", name, other, page)
			}
		}
	}
}

// These packages alone know Kubernetes: what runs in a worker does not, nor what the lab
// and the demo are made of.
func TestWhatKnowsKubernetes(t *testing.T) {
	may := []string{"cli", "cluster", "kube", "kube/kubetest", "workers"}
	for name, imported := range imports(t, "k8s.io/") {
		if known := slices.Contains(may, name); known != (len(imported) > 0) {
			t.Errorf("%s imports %d packages of Kubernetes, of those that may it is one: %v", name, len(imported), known)
		}
	}
	for name, r := range table(t) {
		for _, other := range r.knows {
			if slices.Contains(may, other) && !slices.Contains(may, name) {
				t.Errorf("%s knows %s, which knows Kubernetes", name, other)
			}
		}
	}
}

// What is in the table is imported, and is a package.
func TestTheTableIsNotAWish(t *testing.T) {
	all := imports(t, modulePath+"/internal/")
	for name, r := range table(t) {
		imported, ok := all[name]
		if !ok {
			t.Errorf("%s is in the table of %s, and is no package", name, page)
		}
		for _, other := range r.knows {
			if !slices.Contains(imported, other) {
				t.Errorf("%s does not import %s, which is in its row of the table of %s", name, other, page)
			}
		}
	}
}

// No file of a package uses one that uses it: a file that must call up takes an
// interface or a value instead.
func TestFilesHaveAnOrder(t *testing.T) {
	for path, p := range typecheck.Load(t, "../...", "../../demo", "../..").Packages {
		for _, line := range p.Circle() {
			t.Errorf("a circle in %s: %s", strings.TrimPrefix(path, modulePath+"/"), line)
		}
	}
}
