package tutorial

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLessons: each server has its folder, by its number and its name, with a page that
// runs it.
func TestLessons(t *testing.T) {
	folders, err := filepath.Glob("[0-9]*")
	if err != nil || len(folders) != len(Servers) {
		t.Fatalf("%v, %d lessons: %q", err, len(folders), folders)
	}
	for i, s := range Servers {
		if want := fmt.Sprintf("%02d-%s", i+1, s.Name); folders[i] != want {
			t.Errorf("lesson %d is in %s, want %s", i+1, folders[i], want)
			continue
		}
		page, err := os.ReadFile(filepath.Join(folders[i], "README.md"))
		if err != nil {
			t.Error(err)
		}
		for _, command := range []string{
			"    go build -o bin/lesson ./tutorial/serve\n",
			"    go run ./cmd/lameduck verify --rate 50 -- bin/lesson " + s.Name + "\n",
		} {
			if !strings.Contains(string(page), command) {
				t.Errorf("the page of %s has no line %q", s.Name, command)
			}
		}
	}
}
