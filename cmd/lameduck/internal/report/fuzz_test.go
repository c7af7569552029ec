package report

import (
	"bytes"
	"io"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// FuzzSavedRun: whatever a file has that is read as a run, a report can be
// made of it, and a comparison.
func FuzzSavedRun(f *testing.F) {
	run := saved(f)
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
			"text": func() error { return Text(io.Discard, r, false) }, "json": func() error { return JSON(io.Discard, r) },
			"comparison": func() error { return CompareText(io.Discard, Compare(r, r), false) },
		} {
			if err := write(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
