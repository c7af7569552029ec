package sandbox_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	if err := sandbox.Enter(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "tests of isolated processes are skipped:", err)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come, however busy the
// machine is.
const patience = 20 * time.Second

var programs = map[string]func(){
	"serve":     func() { serve(":8080") },
	"ipv6":      func() { serveOn("tcp6", "[::]:8080") },
	"unix":      dialUnix,
	"loopback":  func() { serve("127.0.0.1:8080") },
	"port":      func() { serve(":" + os.Getenv("PORT")) },
	"catch":     catch,
	"block":     func() { fmt.Println("up"); time.Sleep(time.Hour) },
	"exit3":     func() { fmt.Println("no such table: users"); os.Exit(3) },
	"daemon":    daemon,
	"tool":      tool,
	"entered":   runEntered,
	"full":      full,
	"few-ports": fewPorts,
	"in-steps":  inSteps,
}

// dialUnix connects to the one socket that TEST_SOCKET matches.
func dialUnix() {
	paths, _ := filepath.Glob(os.Getenv("TEST_SOCKET"))
	if len(paths) != 1 {
		fmt.Println("sockets:", paths)
		os.Exit(1)
	}
	conn, err := net.Dial("unix", paths[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	conn.Close()
}

// serve sends "hello" on each connection.
func serve(addr string) { serveOn("tcp", addr) }

func serveOn(network, addr string) {
	l, err := net.Listen(network, addr)
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
		err = fmt.Errorf("the response is %q", answer)
	}
	return err
}

// full serves, and has another listener with a queue of one connection.
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
