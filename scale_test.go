package lameduck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// many is so many connections, or a tenth with -short, and with the race detector: that keeps
// some of what each of them took until the process ends, so that go test -race -count=30 would
// need more memory than a machine has.
func many(connections int) int {
	if testing.Short() || raced() {
		return connections / 10
	}
	return connections
}

// raced reports whether the test was built with the race detector.
func raced() bool {
	info, known := debug.ReadBuildInfo()
	return known && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Ten thousand kept connections are closed one by one in half of the time that
// is left, and none of them is cut.
func TestTenThousandIdleConnections(t *testing.T) {
	connections := many(10_000)
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		for range connections {
			c := x.mustDial()
			x.mustGet(c, "/")
		}
		x.terminate()
		took, err := x.end()
		if err != nil || took > 19*time.Second {
			t.Errorf("ended %v after T0 with %v, want 18.5 s", took, err)
		}
		if n := x.conns.ClosedIdle.Load(); n != int64(connections) {
			t.Errorf("%d closed idle", n)
		}
	})
}

// With as many, a request in flight and its next are served all the same.
func TestRequestsBetweenManyCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) { ok(w, r) })
		clients := make([]*client, many(3000))
		for i := range clients {
			clients[i] = x.mustDial()
			x.mustGet(clients[i], "/")
		}
		x.terminate()
		time.Sleep(10 * time.Second) // the closes begin
		answered := 0
		for i := len(clients) - 1; i >= 0; i -= 7 {
			c := clients[i]
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
				continue // closed before
			}
			if _, err := c.answer(); err != nil {
				t.Errorf("sent, and not answered: %v", err)
			}
			answered++
		}
		if _, err := x.end(); err != nil || answered == 0 {
			t.Errorf("Run: %v; %d answered", err, answered)
		}
	})
}

func TestContextThatHasEndedBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemListener()
		p := &Process{Log: slog.New(slog.DiscardHandler)}
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(ok)}, l)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		x := &trial{Process: p, t: t, l: l, t0: time.Now(), ended: make(chan error, 1)}
		go func() { x.ended <- p.Run(ctx) }()
		time.Sleep(time.Second)
		x.mustGet(x.mustDial(), "/") // a late one, served as any
		x.endsAt(10 * time.Second)
	})
}

func TestNothingToServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := false
		p := &Process{Log: slog.New(slog.DiscardHandler)}
		p.AddCloser("c", func(context.Context) error { closed = true; return nil })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Run(ctx); err != nil || !closed {
			t.Errorf("Run: %v, closed: %v", err, closed)
		}
	})
}

func TestPreStopManyTimesAndInEveryPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/prestop", PreStop)
		mux.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) { time.Sleep(15 * time.Second) })
		x := start(t, &Process{}, mux.ServeHTTP)
		x.t0 = time.Now()
		var hooks sync.WaitGroup
		hook := func(from, to time.Duration) {
			x.mustGet(x.mustDial(), "/prestop")
			if at := time.Since(x.t0); at < to || at > to+100*time.Millisecond {
				t.Errorf("called at %v and answered at %v, want %v", from, at, to)
			}
		}
		c := x.mustDial()
		hooks.Go(func() { x.mustGet(c, "/long") })
		synctest.Wait()
		for range 5 {
			hooks.Go(func() { hook(0, 10*time.Second) })
		}
		time.Sleep(3 * time.Second)
		hooks.Go(func() { hook(3*time.Second, 10*time.Second) })
		x.cancel(errors.New("test"))
		hooks.Go(func() { hook(3*time.Second, 10*time.Second) })
		time.Sleep(8 * time.Second) // the finishing phase: no listener is left
		if _, err := x.dial(); err == nil {
			t.Error("still listening")
		}
		hooks.Wait()
		// The answer at 15 s may have Connection: close; if not, the connection lingers.
		if took, err := x.end(); took < 15*time.Second || took > 17100*time.Millisecond || err != nil {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if n := x.state.Current.Load().LateReqs.Load(); n != 0 {
			t.Errorf("%d late requests, and there were only hooks", n)
		}
	})
}

func TestReadinessRecoversWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/ready", Ready)
		mux.HandleFunc("/prestop", PreStop)
		x := start(t, &Process{FailReadiness: true}, mux.ServeHTTP)
		go x.mustGet(x.mustDial(), "/prestop")
		for _, want := range []int{503, 503, 200} { // at 5, 12 and 19 s; given up at 15 s
			time.Sleep(5 * time.Second)
			if res := x.mustGet(x.mustDial(), "/ready"); res.StatusCode != want {
				t.Errorf("%d, want %d", res.StatusCode, want)
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(10 * time.Second) // what is left of the call's grace period
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// The timeouts of http.Server end what they are meant to end, before and
// during the termination, and nothing else.
func TestTimeoutsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemListener()
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		p.AddHTTP(&http.Server{
			Handler:     http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { time.Sleep(7 * time.Second) }),
			ReadTimeout: 4 * time.Second, IdleTimeout: 5 * time.Second,
		}, l)
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: l, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		idle := x.mustDial()
		x.mustGet(idle, "/")
		slow, working := x.mustDial(), x.mustDial()
		x.terminate()
		go func() {
			if _, err := working.get("/"); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		io.WriteString(slow, "GET")
		time.Sleep(5 * time.Second)
		for _, c := range []*client{idle, slow} {
			if _, err := io.ReadAll(c.r); err != nil {
				t.Error(err)
			}
		}
		if since := time.Since(x.t0); since > 6*time.Second {
			t.Errorf("closed %v after T0, want it by the server's timeouts", since)
		}
		x.endsAt(10 * time.Second)
	})
}

// Over unix sockets, with a storm of kept connections, as over TCP.
func TestUnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no unix sockets to rely on")
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Delay: 200 * time.Millisecond, Quiet: 50 * time.Millisecond, Spread: 100 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
	p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })}, l)
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var clients sync.WaitGroup
	var requests atomic.Int64
	for range 8 {
		nc, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		clients.Go(func() { postUntilClose(t, nc, time.Millisecond, &requests) })
	}
	silent, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	time.AfterFunc(50*time.Millisecond, terminate)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	clients.Wait()
	if _, err := silent.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the silent client read %v, want a FIN", err)
	}
}

// What the kernel has accepted is served, also when it was accepted at the
// moment the listener closes.
func TestAcceptQueueIsServedToTheLast(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var block atomic.Bool
	release := make(chan struct{})
	p := &Process{Delay: 100 * time.Millisecond, Quiet: -1, Spread: -1, Log: slog.New(slog.DiscardHandler)}
	p.AddHTTP(&http.Server{
		Handler: http.HandlerFunc(ok),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			if block.Load() {
				<-release // Accept is kept from going on
			}
			return ctx
		},
	}, l)
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	block.Store(true)
	var queued []*client
	for range 20 {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		fmt.Fprint(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		queued = append(queued, &client{nc, bufio.NewReader(nc)})
	}
	terminate()
	for !p.state.Finishing.Load() {
		time.Sleep(time.Millisecond)
	}
	block.Store(false)
	close(release)
	for _, c := range queued {
		if _, err := c.answer(); err != nil {
			t.Error(err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// All workers and listeners fail at once: each is reported, none blocks.
func TestEverythingFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Log: slog.New(slog.DiscardHandler)}
		var listeners []*memListener
		for range 3 {
			l := newMemListener()
			listeners = append(listeners, l)
		}
		p.AddHTTP(&http.Server{}, listeners[0], listeners[1])
		p.AddHTTP(&http.Server{}, listeners[2])
		for i := range 3 {
			p.AddWorker(fmt.Sprint("w", i), func(context.Context) error { time.Sleep(time.Second); return errors.New("failed") })
		}
		time.AfterFunc(time.Second, func() {
			for _, l := range listeners {
				l.Close()
			}
		})
		err := p.Run(t.Context())
		if err == nil || strings.Count(err.Error(), "listener ") != 3 || strings.Count(err.Error(), ": failed") != 3 {
			t.Errorf("Run: %v", err)
		}
	})
}
