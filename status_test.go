package lameduck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// observed keeps the Status of each call of Observe.
type observed struct {
	mu  sync.Mutex
	all []Status
	at  []time.Time
}

func (w *observed) observe(s Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all, w.at = append(w.all, s), append(w.at, time.Now())
}

func (w *observed) phases() (phases []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.all {
		phases = append(phases, string(s.Phase))
	}
	return phases
}

// in returns the Status of when the phase began.
func (w *observed) in(t *testing.T, phase Phase) Status {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.all {
		if s.Phase == phase {
			return s
		}
	}
	t.Fatalf("%q was not observed", phase)
	return Status{}
}

func TestObserveReceivesEachPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &observed{}
		p := &Process{Observe: func(s Status) { time.Sleep(10 * time.Millisecond); w.observe(s) }}
		p.AddCloser("flush", func(context.Context) error {
			if phases := w.phases(); phases[len(phases)-1] != "closers" {
				t.Errorf("a closer runs, and Observe received %v", phases)
			}
			return nil
		})
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(15 * time.Second)
			w.Header().Set("Connection", "close")
		})
		go x.mustDial().get("/")
		x.mustDial()
		synctest.Wait()
		x.terminate()
		x.endsAt(15 * time.Second)
		if want := []string{"serving", "lame duck", "finishing", "closers", "ended"}; !slices.Equal(w.phases(), want) {
			t.Errorf("phases %v, want %v", w.phases(), want)
		}
		for i, want := range []time.Duration{0, 0, 10 * time.Second, 15 * time.Second, 15 * time.Second} {
			if at := w.at[i].Sub(x.t0); at < want || at > want+100*time.Millisecond {
				t.Errorf("%q %v after T0, want %v", w.all[i].Phase, at, want)
			}
		}
		if s := w.in(t, "serving"); !s.T0.IsZero() || s.By != "" || s.Connections != 0 {
			t.Errorf("serving: %+v", s)
		}
		if s := w.in(t, "lame duck"); s.By != "context: test" || !s.T0.Equal(x.t0) || s.Connections != 2 || len(s.InFlight) != 1 {
			t.Errorf("lame duck: %+v", s)
		}
		if s := w.in(t, "ended"); s.Connections != 0 || len(s.InFlight) != 0 || s.ClosedIdle != 1 || s.Cut != 0 {
			t.Errorf("ended: %+v", s)
		}
	})
}

func TestObserveReceivesTheCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &observed{}
		p := &Process{Observe: w.observe}
		p.AddWorker("stuck", func(ctx context.Context) error { <-ctx.Done(); return nil })
		forever := make(chan struct{})
		p.AddCloser("stuck", func(context.Context) error { <-forever; return nil })
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		go x.mustDial().get("/stuck?token=secret")
		time.Sleep(time.Second)
		x.terminate()
		x.end()
		close(forever)
		if want := []string{"serving", "lame duck", "finishing", "cut", "closers", "ended"}; !slices.Equal(w.phases(), want) {
			t.Errorf("phases %v, want %v", w.phases(), want)
		}
		cut := w.in(t, "cut")
		if cut.Cut != 2 || len(cut.InFlight) != 2 || cut.InFlight[0].Kind != "worker" || cut.InFlight[1].Name != "GET /stuck" {
			t.Errorf("at the cut: %+v", cut)
		}
		// The closer is left behind.
		if end := w.in(t, "ended"); end.Cut != 3 || len(end.InFlight) != 1 || end.InFlight[0].Kind != "closer" {
			t.Errorf("at the end: %+v", end)
		}
	})
}

// Silent connections are closed, not cut.
func TestNoCutWhereNothingIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &observed{}
		x := start(t, &Process{Observe: w.observe}, ok)
		x.mustGet(x.mustDial(), "/")
		x.terminate()
		x.state.Current.Load().Cut.Set()
		if _, err := x.end(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if want := []string{"serving", "lame duck", "finishing", "ended"}; !slices.Equal(w.phases(), want) {
			t.Errorf("phases %v, want %v", w.phases(), want)
		}
	})
}

func TestObserveOfAPreStopThatIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &observed{}
		mux := http.NewServeMux()
		mux.HandleFunc("/", ok)
		mux.HandleFunc("/prestop", PreStop)
		x := start(t, &Process{Observe: w.observe}, mux.ServeHTTP)
		go x.mustDial().get("/prestop")
		time.Sleep(time.Second)
		x.mustGet(x.mustDial(), "/")
		if s := x.Status(); s.Phase != "lame duck" || s.LateConnections != 1 || s.By != "preStop" {
			t.Errorf("in the lame duck: %+v", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := x.Status(); s.Phase != "serving" || s.LateConnections != 0 || !s.T0.IsZero() {
			t.Errorf("after it was taken back: %+v", s)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
		if want := []string{"serving", "lame duck", "serving", "lame duck", "finishing", "ended"}; !slices.Equal(w.phases(), want) {
			t.Errorf("phases %v, want %v", w.phases(), want)
		}
	})
}

// Whatever Observe does, the termination takes its course, and it is received
// everything in the end.
func TestObserveThatMisbehaves(t *testing.T) {
	for name, misbehave := range map[string]func(release chan struct{}){
		"hangs":              func(release chan struct{}) { <-release },
		"takes a minute":     func(chan struct{}) { time.Sleep(time.Minute) },
		"panics":             func(chan struct{}) { panic("as intended") },
		"ends its goroutine": func(chan struct{}) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, release := &observed{}, make(chan struct{})
				p := &Process{Observe: func(s Status) { w.observe(s); misbehave(release) }}
				flushed := false
				p.AddCloser("flush", func(ctx context.Context) error {
					flushed = ctx.Err() == nil
					return nil
				})
				x := start(t, p, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
				go x.mustDial().get("/")
				synctest.Wait()
				x.terminate()
				if took, err := x.end(); took > 30*time.Second || !errors.Is(err, ErrCut) || !flushed {
					t.Errorf("ended %v after T0 with %v, flushed: %v", took, err, flushed)
				}
				close(release)
				time.Sleep(10 * time.Minute)
				if want := []string{"serving", "lame duck", "finishing", "cut", "closers", "ended"}; !slices.Equal(w.phases(), want) {
					t.Errorf("phases %v, want %v", w.phases(), want)
				}
			})
		})
	}
}

// An Observe that is slower than Run, but not much, is waited for.
func TestObserveReceivesTheEndBeforeRunReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received := 0
		x := start(t, &Process{Observe: func(Status) { time.Sleep(100 * time.Millisecond); received++ }}, ok)
		x.terminate()
		x.end()
		if received != 4 {
			t.Errorf("received %d times when Run returned, want 4", received)
		}
	})
}

func TestStatusCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		kept := x.mustDial()
		x.mustGet(kept, "/")
		synctest.Wait()
		if s := x.Status(); s.Phase != "serving" || s.Connections != 1 || len(s.InFlight) != 0 {
			t.Errorf("serving: %+v", s)
		}
		x.terminate()
		time.Sleep(time.Second)
		for i := range 3 {
			c := x.mustDial()
			x.mustGet(c, "/")
			x.mustDial().get("/", "User-Agent: kube-probe/1.34")
			synctest.Wait()
			if s := x.Status(); s.LateConnections != i+1 || s.LateRequests != i+1 || s.Connections != 1 {
				t.Errorf("%d late arrivals: %+v", i+1, s)
			}
		}
		x.endsAt(10 * time.Second)
		if s := x.Status(); s.Phase != "ended" || s.ClosedIdle != 1 || s.Connections != 0 {
			t.Errorf("ended: %+v", s)
		}
	})
}

func TestStatusBeforeRun(t *testing.T) {
	var p Process
	var others sync.WaitGroup
	others.Go(func() { // the race detector watches
		if s := p.Status(); s.Phase != "" || s.Connections != 0 {
			t.Errorf("%+v", s)
		}
	})
	p.AddWorker("w", func(context.Context) error { return nil })
	p.AddHTTP(&http.Server{}, newMemListener())
	others.Wait()
}

// The phase follows the drain a moment later: what is received in between is of
// one item.
func TestStatusBetweenTwoPhases(t *testing.T) {
	p := &Process{Log: slog.New(slog.DiscardHandler)}
	d := term.New("SIGTERM", term.Clocks{})
	for _, test := range []struct {
		phase Phase
		d     *term.Termination
		want  Phase
	}{
		{"serving", nil, "serving"}, {"serving", d, "lame duck"}, {"lame duck", d, "lame duck"}, {"lame duck", nil, "serving"}, {"closers", d, "closers"},
	} {
		p.enter(test.phase, nil)
		p.state.Current.Store(test.d)
		if s := p.Status(); s.Phase != test.want || s.T0.IsZero() != (s.Phase == "serving") {
			t.Errorf("%q with drain %v: %+v", test.phase, test.d != nil, s)
		}
	}
}

func TestWorkShowsSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		began := time.Now()
		p.AddWorker("mailer", func(ctx context.Context) error {
			<-Draining(ctx)
			time.Sleep(20 * time.Second)
			return nil
		})
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ws" {
				nc, _, _ := http.NewResponseController(w).Hijack()
				time.AfterFunc(time.Minute, func() { nc.Close() })
				return
			}
			time.Sleep(20 * time.Second)
			w.Header().Set("Connection", "close")
		})
		time.Sleep(time.Second)
		hijacked := time.Now()
		fmt.Fprintf(x.mustDial(), "GET /ws HTTP/1.1\r\nHost: test\r\n\r\n")
		time.Sleep(39 * time.Second)
		go x.mustDial().get("/before")
		time.Sleep(5 * time.Second)
		x.terminate()
		time.Sleep(time.Second)
		go x.mustDial().get("/after")
		synctest.Wait()
		want := map[string]time.Time{"mailer": began, "GET /ws": hijacked, "GET /before": {}, "GET /after": x.t0.Add(time.Second)}
		last := time.Time{}
		for _, work := range x.Status().InFlight {
			if since, known := want[work.Name]; !known || !since.Equal(work.Since) {
				t.Errorf("%s %s since %v, want %v", work.Kind, work.Name, work.Since, since)
			}
			delete(want, work.Name)
			if !work.Since.IsZero() && work.Since.Before(last) {
				t.Errorf("%s %s is older than the one before", work.Kind, work.Name)
			}
			last = work.begun(x.t0)
		}
		if len(want) > 0 {
			t.Errorf("not in flight: %v", want)
		}
		x.end()
	})
}

func TestWorkIsNamedByItsPattern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		stuck := func(w http.ResponseWriter, r *http.Request) { <-goOn }
		mux := http.NewServeMux()
		for _, pattern := range []string{"/export/{id}", "POST /export/{id}", "test.example/", "/files/"} {
			mux.HandleFunc(pattern, stuck)
		}
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Delay: -1}
		l := newMemListener()
		p.AddHTTP(&http.Server{Handler: mux}, l)
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: l, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		for head, want := range map[string]string{
			"GET /export/7?token=secret HTTP/1.1\r\nHost: a\r\n\r\n":      "GET /export/{id}",
			"POST /export/7 HTTP/1.1\r\nHost: a\r\n\r\n":                  "POST /export/{id}",
			"GET /files/a%2Fb/c HTTP/1.1\r\nHost: a\r\n\r\n":              "GET /files/",
			"GET http://test.example/x?q HTTP/1.1\r\nHost: other\r\n\r\n": "GET test.example/",
		} {
			c := x.mustDial()
			io.WriteString(c, head)
			synctest.Wait()
			if work := x.Status().InFlight; len(work) != 1 || work[0].Name != want || work[0].Kind != KindRequest || work[0].Peer == "" {
				t.Errorf("%q is %+v, want %s", head, work, want)
			}
			goOn <- struct{}{}
			c.answer()
		}
		x.terminate()
		x.end()
	})
}

// A connection that has served requests before and after T0, and a second
// termination: each request has its own begin.
func TestSinceIsOfTheRequestAtHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		mux := http.NewServeMux()
		mux.HandleFunc("/prestop", PreStop)
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { <-goOn })
		x := start(t, &Process{Spread: 20 * time.Second}, mux.ServeHTTP)
		c := x.mustDial()
		synctest.Wait()
		for _, c := range x.conns.List() {
			c.Share = 0.9 // it is not asked to leave before the preStop call is taken back
		}
		since := func() time.Time {
			t.Helper()
			for _, work := range x.Status().InFlight {
				if work.Name == "GET /work" {
					return work.Since
				}
			}
			t.Fatalf("not in flight: %+v", x.Status())
			return time.Time{}
		}
		ask := func() {
			io.WriteString(c, "GET /work HTTP/1.1\r\nHost: test\r\n\r\n")
			synctest.Wait()
		}
		answer := func() {
			goOn <- struct{}{}
			if _, err := c.answer(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		go x.mustDial().get("/prestop")
		time.Sleep(time.Second)
		ask()
		if at := since(); !at.Equal(time.Now()) {
			t.Errorf("after T0: since %v, it is %v", at, time.Now())
		}
		answer()
		time.Sleep(time.Minute)
		ask()
		if at := since(); !at.IsZero() {
			t.Errorf("after it was taken back: since %v", at)
		}
		answer()
		x.terminate()
		x.end()
	})
}

func TestHijackedConnectionHasTheNameOfItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/ws/{room}", func(w http.ResponseWriter, r *http.Request) {
			nc, _, _ := http.NewResponseController(w).Hijack()
			time.AfterFunc(time.Minute, func() { nc.Close() })
		})
		// The mux is not the server's Handler: it cannot be asked.
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, r) })
		fmt.Fprintf(x.mustDial(), "GET /ws/7?token=secret HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		if work := x.Status().InFlight; len(work) != 1 || work[0].Name != "GET /ws/{room}" || work[0].Kind != KindHijacked {
			t.Errorf("%+v", work)
		}
		x.terminate()
		if _, err := x.end(); err == nil || !strings.Contains(err.Error(), "hijacked connection GET /ws/{room} from pipe, for 27s") {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestConnectionOfAddConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemListener()
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		p.AddConn(l, func(ctx context.Context, c net.Conn) { <-Draining(ctx) })
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: l, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		x.mustDial()
		synctest.Wait()
		if work := x.Status().InFlight; len(work) != 1 || work[0].Kind != KindConnection || !work[0].Since.Equal(time.Now()) {
			t.Errorf("%+v", work)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// What is cut is counted once, whatever is left of it a moment later.
func TestCutIsCountedOnce(t *testing.T) {
	a, b, g := new(byte), new(byte), task.New(string(KindGRPCServer), "0", nil) // two connections
	type streamOf struct {
		conn *byte
		id   int
	}
	r := &http.Request{}
	c := newCutReport(term.New("test", term.Clocks{}))
	for _, x := range []item{
		{Work{Kind: link.KindRequest}, r, a},
		{Work{Kind: link.KindRequest}, r, a},
		{Work{Kind: link.KindStream}, streamOf{a, 1}, a}, // the answer of r
		{Work{Kind: link.KindStream}, streamOf{b, 1}, b},
		{Work{Kind: link.KindStream}, streamOf{b, 3}, b},
		{Work{Kind: KindGRPCServer}, g, nil}, // it waits for the streams
	} {
		c.add(x)
	}
	if len(c.errs) != 3 || len(c.work) != 3 {
		t.Errorf("%v, %v", c.work, c.errs)
	}
	c = newCutReport(term.New("test", term.Clocks{}))
	c.add(item{Work{Kind: KindGRPCServer}, g, nil})
	if len(c.errs) != 1 {
		t.Errorf("a gRPC server that no stream holds: %v", c.errs)
	}
}

func TestJSONOfAStatus(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		s    Status
		want string
	}{
		{Status{Phase: "serving", InFlight: []Work{}}, `{"phase":"serving","connections":0,"late_connections":0,"late_requests":0,"closed_idle":0,"cut":0,"in_flight":[]}`},
		{Status{Phase: "finishing", By: "SIGTERM", T0: at, Cut: 1, InFlight: []Work{{Kind: "request", Name: "GET /", Peer: "1.2.3.4:5"}, {Kind: "worker", Name: "w", Since: at}}},
			`{"phase":"finishing","by":"SIGTERM","t0":"2026-01-02T03:04:05Z","connections":0,"late_connections":0,"late_requests":0,"closed_idle":0,"cut":1,` +
				`"in_flight":[{"kind":"request","name":"GET /","peer":"1.2.3.4:5"},{"kind":"worker","name":"w","since":"2026-01-02T03:04:05Z"}]}`},
	} {
		if got, err := json.Marshal(test.s); string(got) != test.want || err != nil {
			t.Errorf("%s, %v\nwant %s", got, err, test.want)
		}
	}
}

// The names of phases and kinds are in logs, metrics and the JSON of Debug.
func TestNamesOfPhasesAndKinds(t *testing.T) {
	for got, want := range map[any]string{
		PhaseServing: "serving", PhaseLameDuck: "lame duck", PhaseFinishing: "finishing", PhaseCut: "cut", PhaseClosers: "closers", PhaseEnded: "ended",
		KindRequest: "request", KindHijacked: "hijacked connection", KindConnection: "connection", KindStream: "stream",
		KindGRPCServer: "gRPC server", KindWorker: "worker", KindCloser: "closer",
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("%T %q, want %q", got, got, want)
		}
	}
}

func TestWorkIsReported(t *testing.T) {
	t0 := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		w    Work
		want string
	}{
		{Work{Kind: "request", Name: "GET /", Peer: "1.2.3.4:5"}, "GET / from 1.2.3.4:5, since before T0 (at least 12s)"},
		{Work{Kind: "request", Name: "GET /", Peer: "1.2.3.4:5", Since: t0.Add(time.Second)}, "GET / from 1.2.3.4:5, for 11s"},
		{Work{Kind: "request", Name: link.StillRead, Peer: "1.2.3.4:5"}, "a request that is still being read, from 1.2.3.4:5, since before T0 (at least 12s)"},
		{Work{Kind: "hijacked connection", Peer: "1.2.3.4:5", Since: t0}, "hijacked connection from 1.2.3.4:5, for 12s"},
		{Work{Kind: "hijacked connection", Name: "GET /ws", Peer: "1.2.3.4:5", Since: t0}, "hijacked connection GET /ws from 1.2.3.4:5, for 12s"},
		{Work{Kind: "worker", Name: "mailer", Since: t0.Add(-time.Hour)}, `worker "mailer", for 1h0m12s`},
	} {
		if got := test.w.line(t0, t0.Add(12*time.Second)); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}
