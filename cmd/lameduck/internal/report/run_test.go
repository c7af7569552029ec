package report

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// saved is a run of the lab that verify --save wrote, in memory.
func saved(t testing.TB) *timeline.Run {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "cli", "testdata", "exits-at-once.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run, attempts, err := timeline.OpenRun(file)
	if err == nil {
		err = attempts(func(a *timeline.Attempt) { run.Attempts = append(run.Attempts, *a) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// savedOnCluster is the same run where clients know the pod of the connections that they keep
// alone.
func savedOnCluster(run *timeline.Run) *timeline.Run {
	run.Stage, run.Accuracy = "cluster", 300*time.Millisecond
	for i := range run.Attempts {
		if a := &run.Attempts[i]; a.Pattern == "new" || a.Failed() {
			a.Pod = ""
		}
	}
	return run
}

// TestOneReport: the report of a run is the same whether its attempts are in memory or in a
// file, and whatever order the record has them in.
func TestOneReport(t *testing.T) {
	for _, run := range []*timeline.Run{saved(t), savedOnCluster(saved(t))} {
		t.Run(run.Stage, func(t *testing.T) {
			want := text(t, run, run.InMemory)
			var file bytes.Buffer
			if err := timeline.Write(&file, run); err != nil {
				t.Fatal(err)
			}
			opened, attempts, err := timeline.OpenRun(bytes.NewReader(file.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, text(t, opened, attempts)); diff != "" {
				t.Error("from a file: ", diff)
			}
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(run.Attempts), func(i, j int) { run.Attempts[i], run.Attempts[j] = run.Attempts[j], run.Attempts[i] })
			if diff := cmp.Diff(want, text(t, run, run.InMemory)); diff != "" {
				t.Error("in another order: ", diff)
			}
		})
	}
}

// text is the report of a run, as JSON and as text.
func text(t *testing.T, run *timeline.Run, attempts timeline.Attempts) string {
	t.Helper()
	r, err := Run(run, attempts)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := JSON(&out, r); err != nil {
		t.Fatal(err)
	}
	if err := Text(&out, r, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestTheErrorOfTheFile ends the report, in whichever pass it comes.
func TestTheErrorOfTheFile(t *testing.T) {
	run := saved(t)
	for fails := range 3 {
		pass := 0
		r, err := Run(run, func(next func(*timeline.Attempt)) error {
			if pass++; pass > fails {
				return os.ErrClosed
			}
			return run.InMemory(next)
		})
		if fails < 2 && (err != os.ErrClosed || r != nil) || fails == 2 && err != nil {
			t.Errorf("in pass %d: %v, %v", fails+1, r, err)
		}
	}
}
