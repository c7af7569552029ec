package analyze

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// FuzzSavedRun: whatever a file has that is read as a run, a report can be
// made of it, and a comparison.
func FuzzSavedRun(f *testing.F) {
	file, err := os.Open(filepath.Join("..", "cli", "testdata", "exits-at-once.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	run, attempts, err := timeline.OpenRun(file)
	if err != nil {
		f.Fatal(err)
	}
	if err := attempts(func(a *timeline.Attempt) { run.Attempts = append(run.Attempts, *a) }); err != nil {
		f.Fatal(err)
	}
	run.Attempts = append(run.Attempts[:5], run.Attempts[len(run.Attempts)/2:len(run.Attempts)/2+5]...)
	for _, stage := range []string{"lab", "cluster"} {
		run.Stage = stage
		var text bytes.Buffer
		if err := timeline.Write(&text, run); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		run, attempts, err := timeline.OpenRun(bytes.NewReader(text))
		if err != nil {
			return
		}
		r, err := Run(run, attempts)
		if err != nil {
			return
		}
		for name, write := range map[string]func() error{
			"text": func() error { return report.Text(io.Discard, r, false) }, "json": func() error { return report.JSON(io.Discard, r) },
			"comparison": func() error { return report.CompareText(io.Discard, report.Compare(r, r), false) },
		} {
			if err := write(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
