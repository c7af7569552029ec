package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/faulty"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// programs are what this test binary is when it is run by another name. The
// tool starts copies of itself, so that a name which is none of these and no
// run of the tests either must never run the tests.
var programs = map[string]func(){"lameduck": main, "faulty": faulty.Main}

func TestMain(m *testing.M) {
	if programs[filepath.Base(os.Args[0])] == nil {
		sandbox.Main()
		if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
			fmt.Fprintln(os.Stderr, "unexpected arguments:", os.Args)
			os.Exit(3)
		}
		// A trial waits more than it works; more at once disturb each other.
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, programs)
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
			"exits":     exits,
			"findings":  findings,
			"complains": complains,
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
	env.Vars = append(env.Vars, mark.String(),
		"TAKEN="+strconv.Itoa(taken.Addr().(*net.TCPAddr).Port),
		"LAMEDUCK_DELAY=1s", "LAMEDUCK_QUIET=300ms", "LAMEDUCK_SPREAD=300ms", "TERM=xterm")
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

// findings compares those in the JSON on the standard output of the last
// command, exactly:
//
//	findings [ID...]
func findings(ts *testscript.TestScript, neg bool, args []string) {
	r, err := parseReport([]byte(ts.ReadFile("stdout")))
	ts.Check(err)
	if got := r.ids(); neg || !slices.Equal(got, args) {
		ts.Fatalf("findings %q, want %q\n%s", got, args, r.evidence())
	}
}

// complains looks whether the last command said in one line what was wrong,
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
