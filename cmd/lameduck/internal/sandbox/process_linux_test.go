package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

func TestPID1(t *testing.T) {
	cfg, out := shell(t, `echo pid $$; hostname; read -r first rest </proc/self/stat; echo "proc $first"`)
	await(t, start(t, cfg))
	if got, want := out.String(), "pid 1\nweb-1\nproc 1\n"; got != want {
		t.Errorf("it wrote %q, want %q", got, want)
	}
}

func TestSignals(t *testing.T) {
	tests := []struct {
		name, program, script string
		caught                bool
		code                  int
		signal                string
	}{
		{name: "a Go handler", program: "catch", caught: true, code: 0},
		{name: "Go without one exits with 2 as process 1", program: "block", caught: true, code: 2},
		{name: "a shell without one never sees it", script: "echo up; while :; do read -r x </dev/zero; done", code: 137, signal: "SIGKILL"},
		{name: "a trap", script: "trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done", caught: true, code: 7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, out := isolated(t, test.program)
			if test.script != "" {
				cfg, out = shell(t, test.script)
			}
			p := start(t, cfg)
			eventually(t, "it is up", func() bool { return strings.Contains(out.String(), "up\n") })
			if got := p.Catches(syscall.SIGTERM); got != test.caught {
				t.Errorf("catches SIGTERM: %v, want %v", got, test.caught)
			}
			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if !test.caught {
				p.Signal(syscall.SIGKILL)
			}
			if code, signal := await(t, p); code != test.code || signal != test.signal {
				t.Errorf("exit %d %q, want %d %q\n%s", code, signal, test.code, test.signal, out)
			}
		})
	}
}

// TestSignalsOfSharedProcesses: a process that shares its PID namespace with
// others is not process 1, and a signal without a handler has its default action.
func TestSignalsOfSharedProcesses(t *testing.T) {
	for script, ends := range map[string]bool{
		"echo up; while :; do read -r x </dev/zero; done":               true,
		"trap '' TERM; echo up; while :; do read -r x </dev/zero; done": false,
		"trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done":     false,
	} {
		cfg, out := shell(t, script)
		cfg.SharesProcesses = true
		p := start(t, cfg)
		eventually(t, "it is up", func() bool { return strings.Contains(out.String(), "up\n") })
		for _, sig := range []syscall.Signal{syscall.SIGWINCH, syscall.SIGCHLD, syscall.SIGTERM} {
			if err := p.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
		if !ends {
			if !strings.Contains(script, "7") {
				p.Signal(syscall.SIGKILL)
			}
			if code, _ := await(t, p); code == 143 {
				t.Errorf("%s: exit %d", script, code)
			}
			continue
		}
		if code, signal := await(t, p); code != 143 || signal != "SIGTERM" {
			t.Errorf("%s: exit %d %q, want 143 and SIGTERM", script, code, signal)
		}
	}
}

// TestTree: the shell, and the server that it runs, which has the socket.
func TestTree(t *testing.T) {
	cfg, out := shell(t, "TEST_PROGRAM=serve "+os.Args[0]+"; echo ended")
	p := start(t, cfg)
	serving(t, p)
	tree := p.Tree()
	if len(tree) != 2 || len(tree[0].Command) != 3 || tree[0].Program == tree[1].Program {
		t.Fatalf("%+v\n%s", tree, out)
	}
	if holders := p.Holders(8080); !slices.Equal(holders, []int{tree[1].PID}) {
		t.Errorf("%v hold the socket, want %d", holders, tree[1].PID)
	}
}

func TestExitsAtOnce(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, out := form(t, "exit3")
			if code, signal := await(t, start(t, cfg)); code != 3 || signal != "" {
				t.Errorf("exit %d %q, want 3", code, signal)
			}
			if got, want := out.String(), "no such table: users\n"; got != want {
				t.Errorf("it wrote %q, want %q", got, want)
			}
		})
	}
}

func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	garbage := filepath.Join(dir, "garbage")
	write(t, data, 0o644)
	write(t, garbage, 0o755)
	tests := []struct{ path, want string }{
		{"", `cannot run "": executable file not found in $PATH`},
		{"no-such-command", `cannot run "no-such-command": executable file not found in $PATH`},
		{"./missing", `cannot run "./missing": no such file or directory`},
		{"./data", `cannot run "./data": permission denied`},
		{"./garbage", "exec format error"},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, _ := form(t, "")
			for _, test := range tests {
				cfg.Path, cfg.Dir = test.path, dir
				p, err := sandbox.Start(cfg)
				if err == nil {
					p.Close()
				}
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%q: error %v, want %q", test.path, err, test.want)
				}
				if hint.Of(err) == "" {
					t.Errorf("%q: %v has no hint", test.path, err)
				}
			}
		})
	}
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte("\x00neither a program nor a script"), mode); err != nil {
		t.Fatal(err)
	}
}

func TestDaemonEndsWithProcess1(t *testing.T) {
	cfg, _ := isolated(t, "daemon")
	p := start(t, cfg)
	serving(t, p)
	if err := hello(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGUSR1)
	if code, _ := await(t, p); code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
	if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
}

func TestPlain(t *testing.T) {
	cfg, _ := plain(t, "port")
	p := start(t, cfg)
	serving(t, p)
	if err := hello(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGKILL)
	if code, signal := await(t, p); code != 137 || signal != "SIGKILL" {
		t.Errorf("exit %d %q, want 137 SIGKILL", code, signal)
	}
	if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
}

// TestNothingIsHeld counts the file descriptors of namespaces and processes.
func TestNothingIsHeld(t *testing.T) {
	held := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(entries, func(e os.DirEntry) bool {
			to, _ := os.Readlink("/proc/self/fd/" + e.Name())
			return !strings.HasPrefix(to, "net:") && !strings.Contains(to, "pidfd") && !strings.HasPrefix(to, "/proc")
		}))
	}
	cfg, _ := isolated(t, "serve")
	before := held()
	for range 3 {
		p := start(t, cfg)
		serving(t, p)
		if err := hello(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		p.Close()
	}
	if after := held(); after > before { // fewer: the garbage collector let go of an older one
		t.Errorf("%d namespaces and processes are held, were %d", after, before)
	}
}

func BenchmarkStart(b *testing.B) {
	cfg, _ := isolated(b, "exit3")
	for b.Loop() {
		p, err := sandbox.Start(cfg)
		if err != nil {
			b.Fatal(err)
		}
		p.Close()
	}
}
