package lint

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// readObjects are those of a file.
func readObjects(t *testing.T, name string, data []byte) []*object.Object {
	t.Helper()
	objects, _, errs := object.Read(&object.File{Name: name, Data: data})
	if len(errs) > 0 || len(objects) == 0 {
		t.Fatalf("%d objects, errors: %v", len(objects), errs)
	}
	return objects
}

// of are the findings of one rule that can be fixed, or all of them.
func of(id string, findings []Finding, fixable bool) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.ID != id || fixable && len(f.Changes) == 0 })
}

// TestFix makes the changes of each rule in its wrong*.yaml: after that the rule no longer
// finds what can be changed, and the result has the bytes of the .fixed.yaml, if there is
// one.
func TestFix(t *testing.T) {
	files, err := filepath.Glob("testdata/*/wrong*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".fixed.yaml") {
			continue
		}
		t.Run(strings.TrimPrefix(file, "testdata/"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			objects := readObjects(t, file, data)
			id := filepath.Base(filepath.Dir(file))
			var changes []edit.Change
			for _, f := range of(id, Objects(objects), true) {
				changes = append(changes, f.Changes...)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".fixed.yaml"
			want, err := os.ReadFile(golden)
			if len(changes) == 0 {
				if err == nil {
					t.Errorf("%s is there, and nothing is changed", golden)
				}
				return
			}
			got, applied := edit.Apply(objects[0].File(), changes)
			if applied != nil {
				t.Fatal(applied)
			}
			if left := of(id, Objects(readObjects(t, file, got)), true); len(left) > 0 {
				t.Errorf("it is found again: %v\n%s", left, got)
			}
			if *update && err == nil {
				err = os.WriteFile(golden, got, 0o644)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" && !*update && err == nil {
				t.Errorf("go test -update writes it anew (-want +got):\n%s", diff)
			}
		})
	}
}

// exampleTexts are those of all rules, wrong and right, by their files.
func exampleTexts(tb testing.TB) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		files, err := filepath.Glob("testdata/*/*.yaml")
		if err != nil || len(files) == 0 {
			tb.Fatal(files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			if !yield(file, text) {
				return
			}
		}
	}
}

// TestFixAll fixes what all rules find in the examples: no rule undoes what another did.
func TestFixAll(t *testing.T) {
	for file, data := range exampleTexts(t) {
		objects := readObjects(t, file, data)
		fixed, left := Options{}.Fix(objects)
		for _, l := range left {
			if !strings.Contains(l.Err.Error(), "cannot be changed here") {
				t.Error(l.Err)
			}
		}
		for _, f := range fixed {
			if bytes.Equal(f.Text, data) {
				t.Errorf("%s: nothing was changed", file)
			}
			again, _ := Options{}.Fix(readObjects(t, file, f.Text))
			if len(again) > 0 {
				t.Errorf("%s: once more there is something to change:\n%s", file, again[0].Diff())
			}
		}
	}
}

const tooLong = `kind: Pod # the web
apiVersion: v1
metadata: {name: web}
spec:
  containers:
  - name: web
    lifecycle: {preStop: {sleep: {seconds: 40}}}
`

func TestFixedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(path, []byte(tooLong), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	fixed, left := Options{}.Fix(readObjects(t, link, []byte(tooLong)))
	if len(fixed) != 1 || len(left) != 0 {
		t.Fatalf("%d files, not fixed: %v", len(fixed), left)
	}
	if diff := string(fixed[0].Diff()); !strings.Contains(diff, "\n+  terminationGracePeriodSeconds: 70\n") || !strings.Contains(diff, "--- "+link) {
		t.Errorf("the diff is\n%s", diff)
	}
	if err := fixed[0].Write(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != tooLong+"  terminationGracePeriodSeconds: 70\n" {
		t.Errorf("%v, and in the file is\n%s", err, got)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the permissions are %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is no link any more", err)
	}
	if err := fixed[0].Write(); err == nil {
		t.Error("a file that is another one now was written over")
	}
}
