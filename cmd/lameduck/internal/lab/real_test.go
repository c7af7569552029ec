package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// The tests here run real pods: this test binary, which is a server when the
// environment has the variable.
const serverKey = "LAB_TEST_SERVER"

func TestMain(m *testing.M) {
	sandbox.Main()
	if os.Getenv(serverKey) != "" {
		runServer()
		return
	}
	if err := sandbox.Enter(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "isolated pods are not tested:", err)
	}
	os.Exit(m.Run())
}

// runServer responds with its host name, and exits a while after SIGTERM.
func runServer() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":" + port, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, os.Getenv("HOSTNAME"))
	})}
	go func() {
		fmt.Println("listening on", server.Addr)
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println(err)
			os.Exit(1)
		}
	}()
	<-ctx.Done()
	time.Sleep(200 * time.Millisecond)
	_ = server.Close()
}

// realLab is a lab over real pods, isolated or not.
type realLab struct {
	*Lab
	log    bytes.Buffer // read after Close only
	mu     sync.Mutex
	events []timeline.Event
}

func newRealLab(t *testing.T, isolated bool, change func(*Config)) *realLab {
	t.Helper()
	if why := sandbox.Available(); isolated && why != nil {
		t.Skip("no namespaces here:", why)
	}
	r := &realLab{}
	w := workload(2)
	w.Pod.Env = []manifest.Env{{Name: serverKey, Value: "1"}}
	cfg := Config{
		Workload: w, Command: []string{os.Args[0]}, Nodes: 2, Propagation: profile(t, "50ms"), Seed: 1,
		ReadyByConnecting: true, Clock: timeline.NewClock(), Log: &r.log,
		Emit: func(e timeline.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e)
		},
	}
	if change != nil {
		change(&cfg)
	}
	create := New
	if !isolated {
		create = func(cfg Config) (*Lab, error) {
			return newLab(cfg, func(cfg Config) launch { return kubelets(cfg, false) })
		}
	}
	l, err := create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r.Lab = l
	return r
}

// ask makes a request on a new connection, and returns the name of the pod that
// responded.
func (r *realLab) ask(t *testing.T, node int) string {
	t.Helper()
	conn, pod, err := r.Dial(t.Context(), node)
	if err != nil {
		t.Fatalf("dial %s: %v", pod, err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s: %v", pod, err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		t.Fatalf("%s: %v", pod, err)
	}
	if body.String() != pod {
		t.Errorf("dialled %s, and %s answered", pod, &body)
	}
	return pod
}

func TestRealPods(t *testing.T) {
	for _, isolated := range []bool{true, false} {
		t.Run(fmt.Sprintf("isolated %v", isolated), func(t *testing.T) { rollRealPods(t, newRealLab(t, isolated, nil)) })
	}
}

func rollRealPods(t *testing.T, r *realLab) {
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Act(t.Context(), timeline.Rollout); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if pod := r.ask(t, i%2); pod != "app-3" && pod != "app-4" {
			t.Errorf("%s answered after it was replaced", pod)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if pods := len(timeline.Pods(r.events)); pods != 4 {
		t.Errorf("%d pods in all, want 4", pods)
	}
	for _, p := range timeline.Pods(r.events) {
		replaced := slices.Contains([]string{"app-1", "app-2"}, p.Name)
		if p.Exited == timeline.Never || replaced != (p.Signalled != timeline.Never && p.Code == 0) || replaced == (p.Signal == "SIGKILL") {
			t.Errorf("%s: %+v", p.Name, p)
		}
	}
	if !strings.Contains(r.log.String(), "app-4 | listening on :") {
		t.Errorf("the log lacks what the pods print:\n%s", &r.log)
	}
}

func TestRealPodThatListensElsewhere(t *testing.T) {
	r := newRealLab(t, true, func(cfg *Config) {
		cfg.Workload.Target = manifest.Port{Number: 9999}
		cfg.ReadyTimeout = 2 * time.Second
	})
	err := r.Start(t.Context())
	if never, ok := errors.AsType[*timeline.NeverReadyError](err); !ok || !strings.Contains(never.Detail, "8080") || !strings.Contains(never.Detail, "9999") {
		t.Errorf("got %v, want that it listens on 8080 and the Service sends to 9999", err)
	}
}

func TestRealPodThatExits(t *testing.T) {
	r := newRealLab(t, true, func(cfg *Config) { cfg.Command = []string{"sh", "-c", "echo no config; exit 3"} })
	err := r.Start(t.Context())
	if never, ok := errors.AsType[*timeline.NeverReadyError](err); !ok || !strings.Contains(never.Detail, "code 3") || !strings.Contains(never.Detail, "no config") {
		t.Errorf("got %v, want the exit code and the last output", err)
	}
}

func TestRealCommandThatDoesNotExist(t *testing.T) {
	r := newRealLab(t, false, func(cfg *Config) { cfg.Command = []string{"no-such-server"} })
	err := r.Start(t.Context())
	if err == nil || hint.Of(err) == "" {
		t.Errorf("got %v with hint %q", err, hint.Of(err))
	}
	if _, ok := errors.AsType[*timeline.NeverReadyError](err); ok {
		t.Errorf("%v is for a pod that was not ready, but none ran", err)
	}
}
