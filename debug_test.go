package lameduck

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// debugging serves Debug on /debug, and otherwise what does not end.
func debugging(t *testing.T, p *Process) *trial {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug", Debug)
	mux.HandleFunc("/ok", ok)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return start(t, p, mux.ServeHTTP)
}

// ask returns what Debug answers.
func (x *trial) ask(header ...string) string {
	x.t.Helper()
	c := x.mustDial()
	fmt.Fprintf(c, "GET /debug HTTP/1.0\r\nHost: test\r\n%s\r\n", strings.Join(header, ""))
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	synctest.Wait()
	return string(body)
}

func TestDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		p.AddWorker("mailer", func(ctx context.Context) error { <-ctx.Done(); return nil })
		x := debugging(t, p)
		time.Sleep(time.Hour)
		go x.mustDial().get("/stuck?token=secret")
		synctest.Wait()
		want := `serving: no termination has begun

connections  2
in flight    2
  worker "mailer", for 1h0m0s
  GET /stuck from pipe
`
		if got := x.ask(); got != want {
			t.Errorf("while serving:\n%s\nwant\n%s", got, want)
		}
		x.terminate()
		time.Sleep(4 * time.Second)
		x.mustGet(x.mustDial(), "/ok")
		synctest.Wait()
		want = `lame duck: 4s after T0 (context: test), serving on for at least 6s

connections       2
late connections  1
late requests     1
closed idle       0
cut               0
in flight         2
  worker "mailer", for 1h0m4s
  GET /stuck from pipe, since before T0 (at least 4s)
`
		if got := x.ask(); got != want {
			t.Errorf("after T0:\n%s\nwant\n%s", got, want)
		}
		x.end()
	})
}

// It neither holds the lame duck nor counts.
func TestDebugIsNoLateArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := debugging(t, &Process{})
		x.terminate()
		for range 9 {
			time.Sleep(time.Second)
			x.ask()
		}
		if s := x.Status(); s.LateConnections != 0 || s.LateRequests != 0 {
			t.Errorf("%+v", s)
		}
		x.endsAt(10 * time.Second)
	})
}

func TestDebugInJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := debugging(t, &Process{})
		go x.mustDial().get("/stuck")
		synctest.Wait()
		x.terminate()
		time.Sleep(4 * time.Second)
		var got Status
		if err := json.Unmarshal([]byte(x.ask("Accept: text/html, application/json;q=0.9\r\n")), &got); err != nil {
			t.Fatal(err)
		}
		if got.Phase != "lame duck" || len(got.InFlight) != 1 || got.InFlight[0].Name != "GET /stuck" || !got.T0.Equal(x.t0) {
			t.Errorf("%+v", got)
		}
		x.end()
	})
}

// Each phase shows what it waits for.
func TestDebugShowsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := term.New("SIGTERM", term.Clocks{Delay: 10 * time.Second, Grace: 30 * time.Second, Reserve: 3 * time.Second})
		for _, test := range []struct {
			phase Phase
			after time.Duration
			want  string
		}{
			{"lame duck", 4 * time.Second, "4s after T0 (SIGTERM), serving on for at least 6s"},
			{"lame duck", 12 * time.Second, "12s after T0 (SIGTERM), waiting for the stop signal"},
			{"finishing", 12 * time.Second, "12s after T0 (SIGTERM), waiting for what is in flight; it will be cut in 15s"},
			{"cut", 27 * time.Second, "27s after T0 (SIGTERM), 3s before the end of Grace"},
			{"closers", 31 * time.Second, "31s after T0 (SIGTERM), 0s before the end of Grace"},
		} {
			s := Status{Phase: test.phase}
			if got := s.why(d, d.T0.Add(test.after)); got != test.want {
				t.Errorf("%s: %q, want %q", test.phase, got, test.want)
			}
		}
	})
}

// Over HTTP/2 too, the request for it is not waited for.
func TestDebugOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h2c := new(http.Protocols)
		h2c.SetUnencryptedHTTP2(true)
		mux := http.NewServeMux()
		mux.HandleFunc("/debug", Debug)
		mux.HandleFunc("/stuck/{id}", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		x := startServer(t, &Process{}, &http.Server{Handler: mux, Protocols: h2c})
		client := http.Client{Transport: &http.Transport{
			Protocols:   h2c,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return x.dial() },
		}}
		go client.Get("http://test/stuck/7?token=secret")
		time.Sleep(time.Second)
		x.terminate()
		time.Sleep(time.Second)
		res, err := client.Get("http://test/debug")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_, works, _ := strings.Cut(string(body), "in flight         ")
		if want := "1\n  GET /stuck/{id} from pipe, since before T0 (at least 1s)\n"; works != want || res.ProtoMajor != 2 {
			t.Errorf("%s:\n%s", res.Proto, body)
		}
		client.CloseIdleConnections()
		if _, err := x.end(); err == nil || !strings.Contains(err.Error(), "GET /stuck/{id} from pipe") {
			t.Errorf("Run: %v", err)
		}
	})
}

// A server of the user's own answers to the end.
func TestDebugToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &Process{}
		p.AddCloser("stuck", func(context.Context) error { <-release; return nil })
		x := start(t, p, ok)
		l := newMemListener()
		admin := &http.Server{
			Handler:     http.HandlerFunc(Debug),
			BaseContext: func(net.Listener) context.Context { return p.WithDraining(context.Background()) },
		}
		go admin.Serve(l)
		x.terminate()
		time.Sleep(15 * time.Second)
		x.l = l
		want := `closers: 15s after T0 (context: test), 15s before the end of Grace

connections       0
late connections  0
late requests     0
closed idle       0
cut               0
in flight         1
  closer "stuck", for 5s
`
		if got := x.ask(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		x.end()
		close(release)
		admin.Close()
	})
}

func TestDebugOfAServerThatIsNotOurs(t *testing.T) {
	w := httptest.NewRecorder()
	Debug(w, httptest.NewRequest("GET", "/debug", nil))
	if w.Code != http.StatusNotImplemented {
		t.Errorf("status %d", w.Code)
	}
}

func TestMuchIsGroupedByRoute(t *testing.T) {
	at := time.Unix(1000, 0)
	s := Status{T0: at}
	for i := range 60 {
		s.InFlight = append(s.InFlight, Work{Kind: "hijacked connection", Name: fmt.Sprint("GET /", i), Peer: "a", Since: at.Add(-time.Hour)})
	}
	for i := range 30 {
		s.InFlight = append(s.InFlight, Work{Kind: "request", Name: "GET /slow", Peer: fmt.Sprint("b", i)})
	}
	lines := s.outline(at.Add(5 * time.Second))
	if len(lines) != 51 || lines[50] != "... and 11 other kinds" || lines[0] != "hijacked connection GET /0 from a, for 1h0m5s" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	s.InFlight = s.InFlight[60:]
	if lines := s.outline(at.Add(5 * time.Second)); len(lines) != 1 || lines[0] != "30 times GET /slow, the oldest from b0, since before T0 (at least 5s)" {
		t.Errorf("%q", lines)
	}
}

// A logbook is a log that can be asked.
type logbook struct {
	slog.Handler
	mu  sync.Mutex
	all []slog.Record
}

func newLogbook(t *testing.T) *logbook {
	return &logbook{Handler: slog.NewTextHandler(t.Output(), nil)}
}

func (l *logbook) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
	return l.Handler.Handle(ctx, r)
}

// with returns the records that contain text.
func (l *logbook) with(text string) (found []slog.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.all {
		if strings.Contains(r.Message, text) {
			found = append(found, r)
		}
	}
	return found
}

func attr(r slog.Record, key string) (value string) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			value = a.Value.String()
		}
		return a.Key != key
	})
	return value
}

func TestWhatWillBeCutIsLoggedBefore(t *testing.T) {
	for name, test := range map[string]struct {
		grace  time.Duration
		ends   time.Duration // the request, after T0
		second time.Duration // the second signal, after T0
		logged time.Duration // after T0; 0: not
	}{
		"stuck":        {ends: time.Hour, logged: 25300 * time.Millisecond}, // 17 s were left at 10 s
		"just in time": {ends: 26 * time.Second, logged: 25300 * time.Millisecond},
		"in time":      {ends: 20 * time.Second},
		"little time":  {grace: 16 * time.Second, ends: time.Hour, logged: 12 * time.Second},
		"no time":      {grace: 13500 * time.Millisecond, ends: time.Hour, logged: 10 * time.Second},
		"second":       {ends: time.Hour, second: 15 * time.Second, logged: 15 * time.Second},
		"early second": {ends: time.Hour, second: time.Second, logged: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLogbook(t)
				x := start(t, &Process{Grace: test.grace, Log: slog.New(log)}, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Connection", "close")
					select {
					case <-time.After(test.ends):
					case <-r.Context().Done():
					}
				})
				go x.mustDial().get("/stuck?token=secret")
				x.mustDial() // silent: it will be closed, not cut
				synctest.Wait()
				x.terminate()
				if test.second > 0 {
					time.Sleep(test.second)
					x.state.Current.Load().Cut.Set()
				}
				x.end()
				logged := log.with("the cut is near")
				if test.logged == 0 {
					if len(logged) != 0 {
						t.Errorf("logged: %v", logged)
					}
					return
				}
				if len(logged) != 1 {
					t.Fatalf("logged %d times", len(logged))
				}
				if at := logged[0].Time.Sub(x.t0); at < test.logged || at > test.logged+100*time.Millisecond {
					t.Errorf("logged %v after T0, want %v", at, test.logged)
				}
				if work := attr(logged[0], "work"); !strings.HasPrefix(work, "[GET /stuck from pipe, since before T0 (at least ") {
					t.Errorf("logged %q", work)
				}
			})
		})
	}
}
