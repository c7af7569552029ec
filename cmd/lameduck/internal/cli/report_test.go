package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// savedRun is the file of "verify --rate 50 --propagation 300ms --seed 7 --save ...
// -o json -- faulty exits-at-once", and liveReport what that command printed.
var savedRun, liveReport = filepath.Join("testdata", "exits-at-once.jsonl"), filepath.Join("testdata", "exits-at-once.json")

func lameduck(args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = Main(args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// figures is what a report must have in common with that of the same run by
// another version of the rules' texts.
type figures struct {
	Verdict, Stage, Action, Seed string
	Attempts, Dropped            int
	Traffic, Pods, Control, Spec any
	Findings                     []struct {
		ID    string
		Drops int
	}
}

// TestASavedRunIsDiagnosedAsItWasLive.
func TestASavedRunIsDiagnosedAsItWasLive(t *testing.T) {
	live, err := os.ReadFile(liveReport)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := lameduck("report", savedRun, "-o", "json")
	if code != console.ExitFindings || errs != "" {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	var want, got figures
	if err := errors.Join(json.Unmarshal(live, &want), json.Unmarshal([]byte(out), &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.Findings) != 1 || got.Findings[0].ID != "exits-at-once" {
		t.Error(diff)
	}
	if code, out, _ := lameduck("report", savedRun); code != console.ExitFindings || !strings.HasPrefix(out, "FAIL: 51 of 227 attempts dropped, 1 finding\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// inMemory is a saved run with its attempts.
func inMemory(path string) (*timeline.Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	run, attempts, err := timeline.OpenRun(f)
	if err != nil {
		return nil, err
	}
	return run, attempts(func(a *timeline.Attempt) { run.Attempts = append(run.Attempts, *a) })
}

// TestARunFromStdin is reported as one of a file, whether or not it can be read twice.
func TestARunFromStdin(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	text, err := os.ReadFile(savedRun)
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := lameduck("report", savedRun)
	for _, tt := range []struct {
		text, out, err string
		code           int
	}{
		{string(text), want, "", console.ExitFindings},
		{string(text[:len(text)/2]), "", "lameduck: -: a saved run that ends too early: ", console.ExitUsage},
		{"", "", "lameduck: -: not a saved run: it has no complete line", console.ExitUsage},
	} {
		var out, errs bytes.Buffer
		code := Main([]string{"report", stdin}, iotest.OneByteReader(strings.NewReader(tt.text)), &out, &errs)
		if code != tt.code || out.String() != tt.out || !strings.HasPrefix(errs.String(), tt.err) {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, &out, &errs)
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// cleanRun is the saved run as it would be if nothing had been dropped.
func cleanRun(t *testing.T) string {
	t.Helper()
	run, err := inMemory(savedRun)
	if err != nil {
		t.Fatal(err)
	}
	run.Events = slices.DeleteFunc(run.Events, func(e timeline.Event) bool { return e.Kind == timeline.Signalled || e.Kind == timeline.Exited })
	for i := range run.Attempts {
		run.Attempts[i].Phase, run.Attempts[i].Class, run.Attempts[i].Cause = "", "", ""
	}
	path := filepath.Join(t.TempDir(), "clean.jsonl")
	var text bytes.Buffer
	if err := errors.Join(timeline.Write(&text, run), os.WriteFile(path, text.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTwoRunsAreCompared: the exit code is that of the second.
func TestTwoRunsAreCompared(t *testing.T) {
	clean := cleanRun(t)
	code, out, errs := lameduck("report", savedRun, clean)
	if code != console.ExitClean || errs != "" || !strings.Contains(out, "findings gone:  exits-at-once\n") || !strings.Contains(out, "21 of 108  0 of 108\n") {
		t.Errorf("exit code %d, %s:\n%s", code, errs, out)
	}
	code, out, _ = lameduck("report", clean, savedRun, "-o", "json")
	var c struct {
		Findings struct{ Gone, New, Still []string }
	}
	if err := json.Unmarshal([]byte(out), &c); err != nil || code != console.ExitFindings || len(c.Findings.New) != 1 || c.Findings.Gone == nil {
		t.Errorf("exit code %d, %v:\n%s", code, err, out)
	}
}

// TestReportRefuses: one line, a hint, the exit code, nothing on stdout.
func TestReportRefuses(t *testing.T) {
	good, err := os.ReadFile(savedRun)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no run", nil, "report takes one or two saved runs, and got 0"},
		{"three", []string{savedRun, savedRun, savedRun}, "report takes one or two saved runs, and got 3"},
		{"unknown output", []string{savedRun, "-o", "yaml"}, `unknown output "yaml"`},
		{"not there", []string{filepath.Join(dir, "none")}, "none: no such file or directory"},
		{"a folder", []string{dir}, " is a folder"},
		{"empty", []string{file("empty", nil)}, "empty: not a saved run: it has no complete line"},
		{"a report", []string{liveReport}, "exits-at-once.json: not a saved run: the first line is not a header"},
		{"truncated", []string{file("truncated", good[:len(good)/2])}, "truncated: a saved run that ends too early: after line "},
		{"damaged", []string{file("damaged", bytes.Replace(good, []byte("\n"), []byte("\noops\n"), 1))}, "damaged: a saved run that is damaged: line 2: "},
		{"another version", []string{file("version", bytes.Replace(good, []byte(`"version":1`), []byte(`"version":9`), 1))}, "a saved run of another version than 1: its version is 9"},
		{"the second", []string{savedRun, file("second", good[:100])}, "second: not a saved run"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := lameduck(append([]string{"report"}, tt.args...)...)
			lines := strings.Split(strings.TrimSuffix(errs, "\n"), "\n")
			if code != console.ExitUsage || out != "" || len(lines) != 2 || !strings.Contains(lines[0], tt.want) || !strings.HasPrefix(lines[1], "hint: ") {
				t.Errorf("exit code %d, stdout %q, stderr:\n%s", code, out, errs)
			}
		})
	}
}

func TestAReportThatCannotBeWritten(t *testing.T) {
	broken := console.Streams{Out: brokenPipe{}, Err: io.Discard}
	if err := reportRuns(t.Context(), broken, []string{savedRun}, "text"); err == nil || errors.Is(err, console.ErrFindings) {
		t.Errorf("the error is %v", err)
	}
}

// TestReadingIsInterrupted by the end of the command's context.
func TestReadingIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, file := range []string{savedRun, stdin} {
		s := console.Streams{In: strings.NewReader("x"), Out: io.Discard, Err: io.Discard}
		if err := reportRuns(ctx, s, []string{file}, "text"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// saveTrial runs verify on a stage, with --save.
func saveTrial(t *testing.T, path string, seed uint64, stage func() (trial.Stage, error)) (out string, err error) {
	t.Helper()
	var stdout bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		v := verify{output: "text", save: path, rounds: 1}
		cfg := trial.Config{Name: "lab", Seed: seed, ReadyTimeout: time.Minute}
		cfg.Open = func(context.Context, timeline.Clock, func(timeline.Event)) (trial.Stage, error) { return stage() }
		err = v.try(t.Context(), console.Streams{Out: &stdout, Err: io.Discard}, console.NewProgress(io.Discard), cfg)
	})
	return stdout.String(), err
}

// TestSaveIsWholeOrNotThere: a run that failed leaves the file of an earlier one
// as it was, and nothing beside it.
func TestSaveIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.jsonl")
	if out, err := saveTrial(t, path, 1, func() (trial.Stage, error) { return cordoned{}, nil }); err != nil || !strings.HasPrefix(out, "PASS") {
		t.Fatal(err, out)
	}
	if run, err := inMemory(path); err != nil || len(run.Attempts) != 1 || run.Seed != 1 {
		t.Fatal(run, err)
	}
	broken := errors.New("no lab today")
	if _, err := saveTrial(t, path, 2, func() (trial.Stage, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if run, err := inMemory(path); err != nil || run.Seed != 1 {
		t.Errorf("the run of before is %+v (%v)", run, err)
	}
	stuck := errors.New("still cordoned") // the run is complete all the same
	if _, err := saveTrial(t, path, 3, func() (trial.Stage, error) { return cordoned{stuck}, nil }); !errors.Is(err, stuck) {
		t.Error(err)
	}
	if run, err := inMemory(path); err != nil || run.Seed != 3 {
		t.Errorf("the last run is %+v (%v)", run, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// TestFilesAreThereBeforeTheOutput: a pipe that nothing reads ends the program at
// the first write to it, and takes no file away.
func TestFilesAreThereBeforeTheOutput(t *testing.T) {
	dir := t.TempDir()
	v := verify{output: "text", rounds: 1, save: filepath.Join(dir, "run.jsonl"), report: filepath.Join(dir, "report.json")}
	wrote := false
	out := writerFunc(func(p []byte) (int, error) {
		wrote = true
		for _, file := range []string{v.save, v.report} {
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		}
		return len(p), nil
	})
	synctest.Test(t, func(t *testing.T) {
		cfg := trial.Config{Name: "lab", ReadyTimeout: time.Minute}
		cfg.Open = func(context.Context, timeline.Clock, func(timeline.Event)) (trial.Stage, error) {
			return cordoned{}, nil
		}
		if err := v.try(t.Context(), console.Streams{Out: out, Err: io.Discard}, console.NewProgress(io.Discard), cfg); err != nil {
			t.Error(err)
		}
	})
	if !wrote {
		t.Error("no report was printed")
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestARunThatCannotBeKept: the report is printed, and the error is the exit code.
func TestARunThatCannotBeKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder cannot be removed there while a file in it is open")
	}
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := saveTrial(t, filepath.Join(dir, "run.jsonl"), 1, func() (trial.Stage, error) {
		return cordoned{}, os.RemoveAll(dir)
	})
	if err == nil || errors.Is(err, console.ErrFindings) || !strings.Contains(err.Error(), "save run: ") || !strings.HasPrefix(out, "PASS") {
		t.Errorf("the error is %v, the report %q", err, out)
	}
}

func TestSaveRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, save, report, want string }{
		{"a folder", dir, "", "is a folder"},
		{"no folder", filepath.Join(dir, "none", "run.jsonl"), "", "no such file or directory"},
		{"this folder", ".", "", ". is a folder"},
		{"the file of the report", filepath.Join(dir, "x.json"), dir + "/./x.json", "name the same file"},
	} {
		code, out, errs := lameduck("verify", "--save", tt.save, "--report", tt.report, "--", "true")
		if code != console.ExitUsage || out != "" || strings.Count(errs, "\n") != 2 || !strings.Contains(errs, tt.want) || !strings.Contains(errs, "\nhint: ") {
			t.Errorf("%s: exit code %d, %s", tt.name, code, errs)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
