package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// TestMain lets the test binary be the programs that the tests run.
func TestMain(m *testing.M) {
	sandbox.Main()
	if program, ok := programs[os.Getenv("TEST_PROGRAM")]; ok {
		program()
		os.Exit(0)
	}
	if err := sandbox.Enter(); err != nil {
		fmt.Fprintln(os.Stderr, "tests of isolated processes are skipped:", err)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come, however busy the
// machine is.
const patience = 20 * time.Second

var programs = map[string]func(){
	"serve":    func() { serve(":8080") },
	"loopback": func() { serve("127.0.0.1:8080") },
	"port":     func() { serve(":" + os.Getenv("PORT")) },
	"catch":    catch,
	"block":    func() { fmt.Println("up"); time.Sleep(time.Hour) },
	"exit3":    func() { fmt.Println("no such table: users"); os.Exit(3) },
	"daemon":   daemon,
	"tool":     tool,
	"entered":  runEntered,
	"full":     full,
}

// serve says "hello" to whoever connects.
func serve(addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("up")
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		fmt.Fprint(conn, "hello")
		conn.Close()
	}
}

// catch ends well after SIGTERM.
func catch() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("up")
	<-stop
	fmt.Println("stopping")
}

// daemon leaves its server in the background, in a session of its own.
func daemon() {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "TEST_PROGRAM=serve")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGUSR1)
	<-stop
}

// output collects what a process wrote.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// isolated is the configuration of one of the programs.
func isolated(t testing.TB, program string) (sandbox.Config, *output) {
	t.Helper()
	if err := sandbox.Available(); err != nil {
		t.Skip(err)
	}
	cfg, out := plain(t, program)
	cfg.Isolated, cfg.Hostname, cfg.IP = true, "web-1", netip.MustParseAddr("10.244.0.7")
	return cfg, out
}

func plain(t testing.TB, program string) (sandbox.Config, *output) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := new(output)
	return sandbox.Config{Path: self, Env: append(os.Environ(), "TEST_PROGRAM="+program, "GORACE=atexit_sleep_ms=0"), Output: out}, out
}

// forms are the two ways to run a program.
var forms = map[string]func(testing.TB, string) (sandbox.Config, *output){"isolated": isolated, "plain": plain}

func shell(t testing.TB, script string) (sandbox.Config, *output) {
	t.Helper()
	cfg, out := isolated(t, "")
	cfg.Path, cfg.Args, cfg.Env = "sh", []string{"-c", script}, os.Environ()
	return cfg, out
}

func start(t testing.TB, cfg sandbox.Config) *sandbox.Process {
	t.Helper()
	p, err := sandbox.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// eventually polls until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not so: %s", patience, what)
		}
	}
}

func await(t testing.TB, p *sandbox.Process) (int, string) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatal("the process does not end")
	}
	return p.Exit()
}

func serving(t testing.TB, p *sandbox.Process) {
	t.Helper()
	eventually(t, "it listens", func() bool { return len(p.Listening()) > 0 })
}

// hello connects, and fails unless the server answers.
func hello(ctx context.Context, p *sandbox.Process) error {
	conn, err := p.Dial(ctx, 8080)
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	if err == nil && string(answer) != "hello" {
		err = fmt.Errorf("it said %q", answer)
	}
	return err
}

func TestDialIsolated(t *testing.T) {
	cfg, out := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	if err := hello(t.Context(), p); err != nil {
		t.Fatal(err, out)
	}
	if got, want := fmt.Sprint(p.Listening()), "[[::]:8080]"; got != want {
		t.Errorf("listening on %s, want %s", got, want)
	}
}

func TestReplicasShareAPort(t *testing.T) {
	for range 2 {
		cfg, _ := isolated(t, "serve")
		p := start(t, cfg)
		serving(t, p)
		if err := hello(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoopbackListenerRefuses(t *testing.T) {
	cfg, _ := isolated(t, "loopback")
	p := start(t, cfg)
	serving(t, p)
	if got, want := fmt.Sprint(p.Listening()), "[127.0.0.1:8080]"; got != want {
		t.Errorf("listening on %s, want %s", got, want)
	}
	if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
}

func TestDialAfterTheEnd(t *testing.T) {
	cfg, _ := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, p)
	for range 2 { // the namespace is there, and then it is not
		if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v, want refused", err)
		}
		p.Close()
	}
	if got := p.Listening(); len(got) != 0 {
		t.Errorf("a dead process listens on %v", got)
	}
}

func TestManyDialsAtOnce(t *testing.T) {
	cfg, _ := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if err := hello(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// full serves, and has another listener whose queue takes one connection.
func full() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: 9090})
	}
	if err == nil {
		err = unix.Listen(fd, 0)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	serve(":8080")
}

func TestHangingDialsBlockNobody(t *testing.T) {
	cfg, _ := isolated(t, "full")
	p := start(t, cfg)
	eventually(t, "it listens on both ports", func() bool { return len(p.Listening()) == 2 })
	ctx, cancel := context.WithCancel(t.Context())
	const dials = 12
	failed := make(chan error, dials)
	for range dials {
		go func() {
			conn, err := p.Dial(ctx, 9090)
			if err == nil {
				defer conn.Close()
				<-ctx.Done()
			}
			failed <- err
		}()
	}
	if err := hello(t.Context(), p); err != nil {
		t.Error(err)
	}
	cancel()
	hung := 0
	for range dials {
		if errors.Is(<-failed, context.Canceled) {
			hung++
		}
	}
	if hung < dials/2 {
		t.Errorf("only %d of %d dials hung", hung, dials)
	}
}

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

func TestDaemonDiesWithProcess1(t *testing.T) {
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

func TestHooks(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, out := form(t, "block")
			p := start(t, cfg)
			if err := p.Exec(t.Context(), []string{"sh", "-c", "echo from the hook"}); err != nil {
				t.Error(err)
			}
			if !strings.Contains(out.String(), "from the hook\n") {
				t.Errorf("the output is %q", out)
			}
			if err := p.Exec(t.Context(), []string{"sh", "-c", "exit 4"}); err == nil || err.Error() != `"sh" exited with 4` {
				t.Errorf("error %v", err)
			}
			if err := p.Exec(t.Context(), []string{"no-such-hook"}); !errors.Is(err, exec.ErrNotFound) {
				t.Errorf("error %v, want not found", err)
			}
		})
	}
}

func TestHookIsInside(t *testing.T) {
	cfg, out := isolated(t, "serve")
	p := start(t, cfg)
	eventually(t, "it is up", func() bool { return out.String() == "up\n" })
	if err := p.Exec(t.Context(), []string{"sh", "-c", "hostname; kill -9 1; cat /proc/net/dev | grep -c :"}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "up\nweb-1\n1\n"; got != want { // and only one interface
		t.Errorf("the output is %q, want %q", got, want)
	}
}

func TestHookIsKilled(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, out := form(t, "block")
			p := start(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- p.Exec(ctx, []string{"sh", "-c", "echo begun; sleep 1000"}) }()
			eventually(t, "the hook runs", func() bool { return strings.Contains(out.String(), "begun") })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want canceled", err)
			}
		})
	}
}

func TestHookAfterTheEnd(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			cfg, _ := form(t, "exit3")
			p := start(t, cfg)
			await(t, p)
			if err := p.Exec(t.Context(), []string{"true"}); err == nil || err.Error() != "the container has ended" {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestHookDiesWithTheProcess(t *testing.T) {
	cfg, out := isolated(t, "block")
	p := start(t, cfg)
	ended := make(chan error)
	go func() { ended <- p.Exec(t.Context(), []string{"sh", "-c", "echo begun; sleep 1000"}) }()
	eventually(t, "the hook runs", func() bool { return strings.Contains(out.String(), "begun") })
	p.Signal(syscall.SIGKILL)
	if err := <-ended; err == nil || err.Error() != `"sh" exited with 137` {
		t.Errorf("error %v", err)
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
	if after := held(); after != before {
		t.Errorf("%d namespaces and processes are held, were %d", after, before)
	}
}

// BenchmarkDial compares a connection into a network namespace with one that
// stays outside.
func BenchmarkDial(b *testing.B) {
	for name, program := range map[string]string{"isolated": "serve", "plain": "port"} {
		b.Run(name, func(b *testing.B) {
			cfg, _ := forms[name](b, program)
			p := start(b, cfg)
			serving(b, p)
			for b.Loop() {
				if err := hello(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
		})
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
