//go:build unix

package pod_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/pod"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestMain lets the test binary be the server that the pods of the tests run.
func TestMain(m *testing.M) {
	sandbox.Main()
	if address, ok := os.LookupEnv("TEST_SERVE"); ok {
		serve(address)
	}
	if err := sandbox.Enter(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "tests of isolated pods are skipped:", err)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come, however busy the
// machine is.
const patience = 20 * time.Second

// serve is a server that responds with its name, and exits with code 0 after SIGTERM,
// or after a request to /drain and SIGTERM with code 5.
func serve(address string) {
	var code atomic.Int32
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	http.HandleFunc("/drain", func(http.ResponseWriter, *http.Request) { code.Store(5) })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprint(w, name)
	})
	l, err := net.Listen("tcp", strings.ReplaceAll(address, "PORT", os.Getenv("PORT")))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go http.Serve(l, nil)
	<-stop
	fmt.Println("bye")
	os.Exit(int(code.Load()))
}

// log keeps the events of a pod and lets a test wait for one.
type log struct {
	mu     sync.Mutex
	events []timeline.Event
	news   chan struct{}
}

func (l *log) add(e timeline.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	close(l.news)
	l.news = make(chan struct{})
}

func (l *log) find(kind timeline.Kind) (timeline.Event, <-chan struct{}, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.events, func(e timeline.Event) bool { return e.Kind == kind })
	if i < 0 {
		return timeline.Event{}, l.news, false
	}
	return l.events[i], nil, true
}

func (l *log) await(t *testing.T, kind timeline.Kind) timeline.Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		e, news, ok := l.find(kind)
		if ok {
			return e
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("no event %q in %v", kind, l.events)
		}
	}
}

// run starts the test's server, or cfg.Command, as a pod.
func run(t *testing.T, address string, cfg pod.Config) (*pod.Pod, *log) {
	t.Helper()
	if err := sandbox.Available(); cfg.Isolated && err != nil {
		t.Skip(err)
	}
	l := &log{news: make(chan struct{})}
	cfg.Name, cfg.IP, cfg.Clock, cfg.Emit, cfg.ReadyByConnecting = "web-1", netip.MustParseAddr("10.244.0.7"), timeline.NewClock(), l.add, true
	cfg.Spec.Env = append(cfg.Spec.Env, manifest.Env{Name: "TEST_SERVE", Value: address}, manifest.Env{Name: "GORACE", Value: "atexit_sleep_ms=0"})
	if cfg.Command == nil {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Command = []string{self}
	}
	p, err := pod.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, l
}

func get(t *testing.T, p *pod.Pod) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return p.Dial(ctx) },
	}}
	resp, err := client.Get("http://pod/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func waitEnded(t *testing.T, p *pod.Pod) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatal("the pod does not go away")
	}
	if _, err := p.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
}

func TestServeAndStop(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		form, address, answer string
		isolated              bool
	}{
		{"isolated", ":8080", "web-1", true},
		{"plain", "127.0.0.1:PORT", name, false},
	} {
		t.Run(test.form, func(t *testing.T) {
			p, l := run(t, test.address, pod.Config{Isolated: test.isolated})
			l.await(t, timeline.Ready)
			if got := get(t, p); got != test.answer {
				t.Errorf("answer %q, want %q", got, test.answer)
			}
			p.Terminate(30 * time.Second)
			waitEnded(t, p)
			if e := l.await(t, timeline.Signalled); !e.Caught {
				t.Errorf("%+v: it does catch the signal", e)
			}
			if e := l.await(t, timeline.Exited); e.Code != 0 || e.Signal != "" {
				t.Errorf("%+v, want code 0", e)
			}
			if got := p.LastOutput(); !slices.Equal(got, []string{"bye"}) {
				t.Errorf("output %q", got)
			}
		})
	}
}

// TestHTTPGetHook: the hook is a request that the server sees before SIGTERM.
func TestHTTPGetHook(t *testing.T) {
	hook := &manifest.Handler{HTTP: &manifest.HTTPGet{Path: "/drain", Port: manifest.PortRef{Number: 8080}}}
	p, l := run(t, ":8080", pod.Config{Isolated: true, Spec: manifest.Pod{PreStop: hook}})
	l.await(t, timeline.Ready)
	p.Terminate(30 * time.Second)
	waitEnded(t, p)
	if e := l.await(t, timeline.PreStopEnded); e.Detail != "" {
		t.Errorf("%+v: the hook failed", e)
	}
	if e := l.await(t, timeline.Exited); e.Code != 5 {
		t.Errorf("%+v, want code 5, after the hook", e)
	}
}

// TestExecProbeAndHook run in the namespaces of the pod, where its port is. The
// probe waits for that: process 1 has its handler of SIGTERM by then.
func TestExecProbeAndHook(t *testing.T) {
	probe := &manifest.Probe{Handler: manifest.Handler{Exec: []string{"sh", "-c", "test $(hostname) = web-1 && grep -q :1F90 /proc/net/tcp /proc/net/tcp6"}}, FailureThreshold: 1000}
	hook := &manifest.Handler{Exec: []string{"no-such-hook"}}
	p, l := run(t, ":8080", pod.Config{Isolated: true, Spec: manifest.Pod{Readiness: probe, PreStop: hook}})
	l.await(t, timeline.Ready)
	p.Terminate(30 * time.Second)
	waitEnded(t, p)
	want := `cannot run "no-such-hook": executable file not found in $PATH`
	if e := l.await(t, timeline.PreStopEnded); e.Detail != want {
		t.Errorf("hook: %q, want %q", e.Detail, want)
	}
}

// TestShellLosesTheSignal: a shell as process 1 has no handler for SIGTERM, so
// the kernel discards it, and only SIGKILL ends the pod.
func TestAShellDoesNotForwardTheSignal(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, l := run(t, ":8080", pod.Config{Isolated: true, Command: []string{"sh", "-c", self + "; true"}})
	l.await(t, timeline.Ready)
	p.Terminate(time.Second)
	waitEnded(t, p)
	if e := l.await(t, timeline.Signalled); e.Caught {
		t.Errorf("%+v: no process handles the signal", e)
	}
	l.await(t, timeline.Killed)
	if e := l.await(t, timeline.Exited); e.Code != 137 || e.Signal != "SIGKILL" {
		t.Errorf("%+v, want 137 and SIGKILL", e)
	}
}

func TestSeen(t *testing.T) {
	tests := []struct {
		name, address string
		port          int
		command       []string
		want          string
	}{
		{name: "only itself", address: "127.0.0.1:8080", want: "it listens on 127.0.0.1:8080, which no other host can reach; make it listen on 0.0.0.0"},
		{name: "another port", address: ":9090", port: 8080, want: "it listens on [::]:9090; the Service sends connections to port 8080"},
		{name: "no port", command: []string{"sleep", "1000"}, want: "it does not listen on any TCP port"},
		{name: "an exit", command: []string{"sh", "-c", "echo no such table; exit 3"}, want: `last output: "no such table"`},
		{name: "an exit after a control character", command: []string{"sh", "-c", `printf 'a\001b\n'; exit 3`}, want: `last output: "a\x01b"`},
		{name: "an exit after a blank line", command: []string{"sh", "-c", "echo no such table; echo; exit 3"}, want: `last output: "no such table"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, l := run(t, test.address, pod.Config{Isolated: true, Port: test.port, Command: test.command})
			l.await(t, timeline.Started)
			for deadline := time.Now().Add(patience); !strings.Contains(p.Status(), test.want); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("seen %q, want %q", p.Status(), test.want)
				}
			}
			if _, _, ready := l.find(timeline.Ready); ready {
				t.Error("it is ready all the same")
			}
		})
	}
}
