package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain builds the tool and the servers under test once, as users do:
// without the race detector, which would leave a pod and its clients too little
// processor time. TOOL_RACE=1 builds the tool with it.
func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lameduck-e2e")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	removeAtSignal(dir)
	programs = dir
	race := os.Getenv("TOOL_RACE") == "1"
	if err := errors.Join(build("lameduck", ".", race), build("faulty", "./internal/faulty", false), os.Chmod(dir, 0o755)); err != nil {
		return failed(err)
	}
	path := dir + string(os.PathListSeparator) + os.Getenv("PATH")
	if err := errors.Join(os.Setenv("PATH", path), os.Setenv("TMPDIR", dir)); err != nil {
		return failed(err)
	}
	// A trial waits more than it works, and asks for the machine first.
	if err := flag.Set("test.parallel", "16"); err != nil {
		return failed(err)
	}
	return m.Run()
}

// removeAtSignal removes what the tests have written when they are interrupted; the pods
// end with this process.
func removeAtSignal(dir string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		for range 10 {
			if os.RemoveAll(dir) == nil { // no test has written there meanwhile
				break
			}
		}
		os.Exit(1)
	}()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// programs is the folder of the tool and of the servers under test.
var programs string

func build(name, pkg string, race bool) error {
	cmd := exec.Command("go", "build", "-race="+strconv.FormatBool(race), "-o", filepath.Join(programs, name), pkg)
	if !race {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// TestScripts runs the tool as its users do.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        exits,
			"reports":      reports,
			"inconclusive": inconclusive,
			"complains":    complains,
		},
	})
}

// setUp gives the script a mark by which its processes are found afterwards,
// and a port that is taken.
func setUp(env *testscript.Env) error {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mark := newMark()
	env.Vars = append(env.Vars, mark.String(), "RATE="+strconv.Itoa(rate),
		"TAKEN="+strconv.Itoa(taken.Addr().(*net.TCPAddr).Port),
		"LAMEDUCK_DELAY=1500ms", "LAMEDUCK_QUIET=300ms", "LAMEDUCK_SPREAD=300ms", "TERM=xterm")
	temporary := env.Getenv("TMPDIR")
	env.Defer(func() {
		taken.Close()
		if left := mark.survivors(); len(left) > 0 {
			env.T().Fatal("processes are left: ", left)
		}
		if files, _ := filepath.Glob(filepath.Join(temporary, "*")); len(files) > 0 {
			env.T().Fatal("files are left: ", files)
		}
	})
	return nil
}

// condition is what scripts can ask of this machine.
func condition(what string) (bool, error) {
	if what != "namespaces" {
		return false, fmt.Errorf("unknown condition %q", what)
	}
	return exec.Command("unshare", "--user", "--map-root-user", "true").Run() == nil, nil
}

// exits runs a command that has to end with an exit code:
//
//	exits CODE COMMAND [ARG...]
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// reports runs verify until the machine lets it have a result, and compares the
// findings in its JSON, exactly:
//
//	reports [ID...] : COMMAND [ARG...]
func reports(ts *testscript.TestScript, neg bool, args []string) {
	colon := slices.Index(args, ":")
	if neg || colon < 0 || len(args) < colon+2 {
		ts.Fatalf("usage: reports [ID...] : COMMAND [ARG...]")
	}
	want, command := args[:colon], args[colon+1:]
	ts.Check(thisMachine.try(func() error {
		r, err := verifyIn(ts, command)
		if err != nil {
			return err
		}
		if len(want) == 0 && r.Verdict == "fail" {
			return fmt.Errorf("%w: findings %q\n%s", errFalse, r.ids(), r.evidence())
		}
		if wantVerdict := map[bool]string{true: "pass", false: "fail"}[len(want) == 0]; r.Verdict != wantVerdict || !slices.Equal(r.ids(), want) {
			return r.wrong(fmt.Errorf("%s with findings %q, want %q\n%s", r.Verdict, r.ids(), want, r.evidence()))
		}
		return nil
	}))
}

// inconclusive runs verify until its result is inconclusive for a reason that
// contains the text, and has no finding:
//
//	inconclusive REASON : COMMAND [ARG...]
func inconclusive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || args[1] != ":" {
		ts.Fatalf("usage: inconclusive REASON : COMMAND [ARG...]")
	}
	ts.Check(thisMachine.try(func() error {
		r, err := verifyIn(ts, args[2:])
		if err != nil {
			return err
		}
		if r.Verdict != "inconclusive" || !strings.Contains(r.Reason, args[0]) || len(r.Findings) > 0 {
			return r.wrong(fmt.Errorf("%s, want inconclusive because %q\n%s", r.Verdict, args[0], r.evidence()))
		}
		return nil
	}))
}

// verifyIn runs verify -o json, and checks that its exit code is that of the verdict.
func verifyIn(ts *testscript.TestScript, command []string) (result, error) {
	err := ts.Exec(command[0], command[1:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	r, err := parseReport([]byte(ts.ReadFile("stdout")))
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, ts.ReadFile("stderr"))
	}
	if want := map[string]int{"pass": 0, "fail": 1, "inconclusive": 3}[r.Verdict]; code != want {
		ts.Fatalf("exit code %d, and the verdict is %s", code, r.Verdict)
	}
	return r, nil
}

// complains checks that the last command wrote an error of one line,
// gave a hint in another, and printed no result:
//
//	complains
func complains(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: complains")
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("there is a result: %s", out)
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	if len(lines) < 2 {
		ts.Fatalf("%d lines, want an error and a hint", len(lines))
	}
	wrong, hint := lines[len(lines)-2], lines[len(lines)-1]
	if !strings.HasPrefix(wrong, "lameduck: ") || !strings.HasPrefix(hint, "hint: ") {
		ts.Fatalf("it ends with %q and %q, want an error and a hint", wrong, hint)
	}
	if n := strings.Count(strings.Join(lines, "\n"), "lameduck: "); n != 1 {
		ts.Fatalf("%d errors, want 1", n)
	}
}
