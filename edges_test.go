package lameduck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The second of two pipelined requests is in net/http's buffer when the connection is
// interrupted.
func TestPipelinedRequestInTheBufferOfAnInterruptedConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		p.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
		l := newMemListener()
		slow := true
		p.AddHTTP(&http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/long" {
					w.(http.Flusher).Flush()
					time.Sleep(15 * time.Second)
				}
			}),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateIdle && slow {
					slow = false
					time.Sleep(3 * time.Second)
				}
			},
		}, l)
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: l, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		c := x.mustDial()
		io.WriteString(c, "GET /long HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		x.terminate()
		for range 2 {
			if _, err := c.answer(); err != nil {
				t.Errorf("%v after T0: %v", time.Since(x.t0), err)
			}
		}
		x.endsAt(18 * time.Second)
	})
}

// The first bytes of a request came with the one before, or while that was
// being answered: net/http holds them, and the connection is not idle.
func TestBytesInNetHTTPsBufferAreARequest(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Second)
		ok(w, r)
	}
	servers := map[string]func(*testing.T) *trial{
		"HTTP/1":     func(t *testing.T) *trial { return start(t, &Process{}, slow) },
		"and HTTP/2": func(t *testing.T) *trial { return startHTTP2(t, &Process{}, slow) },
	}
	for protocol, start := range servers {
		for _, n := range []int{1, 2, 8, 16, 20, 28} { // 16 and 28 are whole lines
			for _, background := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d bytes, background=%v", protocol, n, background), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x := start(t)
						c := x.mustDial()
						const request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
						if background {
							io.WriteString(c, request)
							synctest.Wait()
							go io.WriteString(c, request[:n])
						} else {
							io.WriteString(c, request+request[:n])
						}
						if _, err := c.answer(); err != nil {
							t.Fatal(err)
						}
						synctest.Wait()
						x.terminate()
						time.Sleep(11 * time.Second)
						if _, err := io.WriteString(c, request[n:]); err != nil {
							t.Errorf("the connection was closed in the middle of a request: %v", err)
							x.end()
							return
						}
						if _, err := c.answer(); err != nil {
							t.Error(err)
						}
						x.endsAt(12 * time.Second)
					})
				})
			}
		}
	}
}

// A preStop call that came to nothing leaves no trace in the next
// termination.
func TestLingerAfterAResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/", ok)
		mux.HandleFunc("/prestop", PreStop)
		x := start(t, &Process{Spread: 20 * time.Second}, mux.ServeHTTP)
		c := x.mustDial()
		x.mustGet(c, "/")
		for _, c := range x.conns.List() {
			c.Share = 0.9
		}
		go x.mustDial().get("/prestop")
		time.Sleep(time.Second)
		x.mustGet(c, "/")
		time.Sleep(time.Minute)
		x.mustGet(c, "/")
		x.terminate()
		x.state.Current.Load().Hurry.Set()
		time.Sleep(30 * time.Millisecond)
		x.mustGet(c, "/")
		x.end()
	})
}

func TestManyStuckClosersEndWithinGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Delay: time.Second, Grace: 3 * time.Second, Reserve: 100 * time.Millisecond}
		forever := make(chan struct{})
		for i := range 300 {
			p.AddCloser(fmt.Sprint(i), func(context.Context) error { <-forever; return nil })
		}
		x := start(t, p, ok)
		x.terminate()
		took, _ := x.end()
		close(forever)
		if took > 3*time.Second {
			t.Errorf("ended %v after T0, Grace is 3 s", took)
		}
	})
}

// A person who has asked twice is not left with a closer that hangs.
func TestSecondSignalWhileACloserHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Grace: time.Hour}
		forever := make(chan struct{})
		flushed := false
		p.AddCloser("flush", func(context.Context) error { flushed = true; return nil })
		p.AddCloser("stuck", func(context.Context) error { <-forever; return nil })
		x := start(t, p, ok)
		x.terminate()
		time.Sleep(20 * time.Second)
		x.state.Current.Load().Cut.Set()
		took, err := x.end()
		close(forever)
		if took > 23*time.Second || !errors.Is(err, ErrCut) || !flushed {
			t.Errorf("ended %v after T0 with %v, flushed: %v; the second signal came at 20 s and Reserve is 3 s", took, err, flushed)
		}
	})
}

func TestRunASecondTimeIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		again := make(chan error, 1)
		go func() { again <- p.Run(ctx) }()
		select {
		case err := <-again:
			if err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(time.Hour):
			t.Error("it hangs")
			p.began <- struct{}{}
			<-again
		}
	})
}

func TestRunUntilSignalLeavesNoGoroutine(t *testing.T) {
	p := Process{Delay: -1, Quiet: -1, Log: slog.New(slog.DiscardHandler)}
	p.AddWorker("w", func(context.Context) error { return errors.New("as intended") })
	if err := p.RunUntilSignal(context.Background()); err == nil {
		t.Error("no error")
	}
	var stacks []byte
	for range 100 {
		stacks = make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !bytes.Contains(stacks, []byte(").followSignals(")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the goroutine that waits for signals is still there")
}

func TestTerminationMessageOfAPanic(t *testing.T) {
	terminationLog := filepath.Join(t.TempDir(), "termination-log")
	os.WriteFile(terminationLog, nil, 0o600)
	synctest.Test(t, func(t *testing.T) {
		p := &Process{TerminationLog: terminationLog}
		p.AddWorker("w", func(context.Context) error { panic("as intended") })
		x := start(t, p, ok)
		x.end()
	})
	words, _ := os.ReadFile(terminationLog)
	first, _, _ := strings.Cut(string(words), "\n")
	if !strings.Contains(first, "as intended") || !strings.Contains(first, "closed_idle=0") {
		t.Errorf("the first line is %q, want the whole summary", first)
	}
}

// net/http closes a connection it cannot write to, while the handler goes on.
func TestHandlerWithoutAClientIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		done := false
		p.AddCloser("database", func(context.Context) error {
			if !done {
				t.Error("closed while a handler was still using it")
			}
			return nil
		})
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				w.Write(make([]byte, 1000))
			}
			time.Sleep(15 * time.Second) // tidies up
			done = true
		})
		c := x.mustDial()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		c.Close()
		x.terminate()
		x.endsAt(15 * time.Second)
	})
}

// A listener that allows one connection at a time. Its deadline ends the wait
// for a connection, not the one for a place.
type limited struct {
	*memListener
	places chan struct{}
}

func (l limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.memListener.Accept()
	return &place{Conn: c, l: l}, err
}

func (l limited) SetDeadline(time.Time) error { return nil }

type place struct {
	net.Conn
	l    limited
	once sync.Once
}

func (c *place) Close() error {
	c.once.Do(func() { <-c.l.places })
	return c.Conn.Close()
}

func TestListenerThatMindsNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limited{newMemListener(), make(chan struct{}, 1)}
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(ok)}, l)
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: l.memListener, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		x.mustGet(x.mustDial(), "/")
		x.terminate()
		if took, err := x.end(); took > 13*time.Second || err != nil {
			t.Errorf("ended %v after T0 with %v, want soon after 10 s", took, err)
		}
	})
}

// Who waits for Draining alone is not left waiting when its connection ends.
func TestDrainingOfAClosedConnection(t *testing.T) {
	for _, when := range []string{"before T0", "after T0", "asked when closed"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := make(chan struct{})
				x := start(t, &Process{Spread: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
					nc, _, _ := http.NewResponseController(w).Hijack()
					go func() {
						defer close(left)
						if when == "asked when closed" {
							nc.Close()
							<-Draining(r.Context())
							return
						}
						draining := Draining(r.Context())
						go func() {
							io.Copy(io.Discard, nc) // until the client goes
							nc.Close()
						}()
						<-draining
					}()
				})
				c := x.mustDial()
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
				synctest.Wait()
				if when == "after T0" {
					x.terminate()
				}
				c.Close()
				synctest.Wait()
				select {
				case <-left:
				default:
					t.Error("still waiting")
				}
				if when != "after T0" {
					x.terminate()
				}
				x.endsAt(10 * time.Second)
			})
		})
	}
}

func TestOneServerAddedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		srv := &http.Server{Handler: http.HandlerFunc(ok)}
		a, b := newMemListener(), newMemListener()
		p.AddHTTP(srv, a)
		p.AddHTTP(srv, b)
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: a, ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		x.terminate()
		time.Sleep(time.Second)
		x.mustGet(x.mustDial(), "/")
		x.l = b
		x.mustGet(x.mustDial(), "/")
		if n := x.state.Current.Load().LateReqs.Load(); n != 2 {
			t.Errorf("%d late requests, want 2", n)
		}
		x.endsAt(10 * time.Second)
	})
}

// A request that came between the cut and the close of its connection was cut
// too.
func TestRequestAfterTheCutIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/long":
				w.(http.Flusher).Flush()
				time.Sleep(26 * time.Second)
			case "/stuck":
				<-forever
			case "/last":
				time.Sleep(time.Second)
			}
		})
		stuck, c := x.mustDial(), x.mustDial()
		go stuck.get("/stuck")
		go func() {
			c.get("/long")
			time.Sleep(time.Second + 500*time.Microsecond) // into the final poll
			if _, err := c.get("/last"); err == nil {
				t.Error("answered: the test shows nothing")
			}
		}()
		synctest.Wait()
		x.terminate()
		_, err := x.end()
		close(forever)
		time.Sleep(2 * time.Second) // the handler of /last
		if !strings.Contains(err.Error(), "GET /stuck") || !strings.Contains(err.Error(), "GET /last") {
			t.Errorf("Run: %v", err)
		}
	})
}

// The answer is written, and the client does not read it.
func TestAnswerThatIsNotReadIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		c := x.mustDial()
		io.WriteString(c, "GET /unread HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		x.terminate()
		if _, err := x.end(); err == nil || !strings.Contains(err.Error(), "GET /unread from") {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestContextOfAWorkerEndsWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		var kept context.Context
		p.AddWorker("w", func(ctx context.Context) error { kept = ctx; return nil })
		x := start(t, p, ok)
		x.terminate()
		x.endsAt(10 * time.Second)
		if kept.Err() == nil {
			t.Error("the context goes on after Run")
		}
	})
}

func TestHugeClocks(t *testing.T) {
	for _, p := range []*Process{{Delay: math.MaxInt64}, {Delay: math.MaxInt64 - 5, Reserve: time.Hour}, {Reserve: math.MaxInt64, Delay: 1}} {
		if c, err := p.resolve(); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	p := &Process{Grace: math.MaxInt64, Quiet: math.MaxInt64, Spread: math.MaxInt64}
	c, err := p.resolve()
	if err != nil {
		t.Fatal(err)
	}
	if end := c.End(time.Second); end < c.Delay || end > c.Latest() {
		t.Errorf("the lame duck ends at %v, between %v and %v", end, c.Delay, c.Latest())
	}
}

// A listener whose Accept does not return, whatever is done to it.
type deaf struct{ forever chan struct{} }

func (l deaf) Accept() (net.Conn, error) { <-l.forever; return nil, net.ErrClosed }
func (l deaf) Close() error              { return nil }
func (l deaf) Addr() net.Addr            { return &net.UnixAddr{Name: "deaf"} }

func TestListenerThatNeverReturnsDoesNotHoldTheExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := deaf{make(chan struct{})}
		p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
		p.AddHTTP(&http.Server{Handler: http.HandlerFunc(ok)}, l)
		flushed := false
		p.AddCloser("flush", func(context.Context) error { flushed = true; return nil })
		p.AddWorker("stuck", func(ctx context.Context) error { <-ctx.Done(); return nil }) // so that there is a cut
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &trial{Process: p, t: t, l: newMemListener(), ended: make(chan error, 1), cancel: cancel}
		go func() { x.ended <- p.Run(ctx) }()
		synctest.Wait()
		time.AfterFunc(time.Minute, func() { close(l.forever) }) // a hang is a failure, not the end of the tests
		x.terminate()
		if took, _ := x.end(); took > 30*time.Second || !flushed {
			t.Errorf("ended %v after T0, flushed: %v", took, flushed)
		}
		time.Sleep(time.Minute)
	})
}

// A stop signal that comes late after a preStop hook ends a process that serves
// again by then. The kubelet counts the grace period from the hook all the same.
func TestSignalLongAfterPreStop(t *testing.T) {
	for name, test := range map[string]struct {
		delay, signal time.Duration // after the hook has begun
		accepts       time.Duration // new connections are accepted for at least so long after the signal
		cut, end      time.Duration // of a request that never ends; after the hook has begun, at the latest
	}{
		"after the gap":         {10 * time.Second, 16 * time.Second, 5 * time.Second, 27 * time.Second, 30 * time.Second},
		"just before the cut":   {10 * time.Second, 26 * time.Second, 900 * time.Millisecond, 28 * time.Second, 30 * time.Second},
		"in Reserve":            {24 * time.Second, 28 * time.Second, 0, 29 * time.Second, 30 * time.Second},
		"when Grace would have": {10 * time.Second, 31 * time.Second, 9 * time.Second, 58 * time.Second, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := &Process{Delay: test.delay}
				var closed time.Duration
				p.AddCloser("flush", func(context.Context) error { closed = time.Since(began); return nil })
				x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/prestop":
						PreStop(w, r)
					case "/stuck":
						<-r.Context().Done()
					}
				})
				go x.mustGet(x.mustDial(), "/prestop")
				time.Sleep(test.signal)
				if phase := x.Status().Phase; phase != PhaseServing {
					t.Errorf("it is not serving again: %s", phase)
				}
				stuck := x.mustDial()
				cut := make(chan time.Duration, 1)
				go func() {
					stuck.get("/stuck")
					cut <- time.Since(began)
				}()
				synctest.Wait()
				x.terminate()
				time.Sleep(test.accepts)
				if test.accepts > 0 {
					x.mustGet(x.mustDial(), "/")
				}
				_, err := x.end()
				if at := time.Since(began); at > test.end || !errors.Is(err, ErrCut) {
					t.Errorf("ended %v after the hook has begun with %v, want an end within %v", at, err, test.end)
				}
				if at := <-cut; at < test.cut || at > test.cut+time.Second {
					t.Errorf("the request was cut %v after the hook has begun, want %v", at, test.cut)
				}
				if closed == 0 || closed > test.end {
					t.Errorf("the closer ran %v after the hook has begun, want within %v", closed, test.end)
				}
			})
		})
	}
}

// A signal that comes when almost nothing is left of the grace period of a preStop
// call finds Run back within that, whatever it would wait for.
func TestSignalAtTheEndOfGrace(t *testing.T) {
	for _, left := range []time.Duration{time.Millisecond, 13 * time.Millisecond, 50 * time.Millisecond} {
		for _, stuck := range []string{"Observe", "Log.Handle", "Conn.Close", "nothing"} {
			t.Run(fmt.Sprint(left, " ", stuck), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					f := &fault{method: stuck, does: "blocks", release: make(chan struct{})}
					p := &Process{Delay: 10 * time.Second, Observe: func(Status) { f.in("Observe") }, Log: slog.New(faultyLog{slog.DiscardHandler, f})}
					closed := false
					p.AddCloser("flush", func(context.Context) error { closed = true; return nil })
					x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/prestop" {
							PreStop(w, r)
							return
						}
						<-r.Context().Done()
					})
					go x.mustGet(x.mustDial(), "/prestop")
					time.Sleep(30*time.Second - left)
					server, nc := net.Pipe()
					x.l.conns <- &faultyConn{server, f}
					io.WriteString(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
					go io.Copy(io.Discard, nc)
					synctest.Wait()
					f.active.Store(true)
					x.terminate()
					if _, err := x.end(); time.Since(began) > 30*time.Second || !closed || !errors.Is(err, ErrCut) {
						t.Errorf("ended %v after the hook has begun, closer called: %v, error %v", time.Since(began), closed, err)
					}
					close(f.release)
					nc.Close()
				})
			})
		}
	}
}

// The handler's own buffer may be larger than net/http's: what is asked for
// then sends nothing of the next request.
func TestIdleAfterALargeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 64<<10)); n != 1<<20 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		c := x.mustDial()
		go fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", 1<<20, strings.Repeat("x", 1<<20))
		if res, err := c.answer(); err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		time.Sleep(time.Second)
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// A throttled container: each interrupt takes long. All connections are closed, and
// Run returns before the cut.
type slowDeadline struct {
	net.Conn
	interrupts *atomic.Int64
}

func (c slowDeadline) SetReadDeadline(at time.Time) error {
	if at.Equal(time.Unix(1, 0)) {
		c.interrupts.Add(1)
		time.Sleep(10 * time.Millisecond)
	}
	return c.Conn.SetReadDeadline(at)
}

func TestSlowClosesDoNotPassTheCut(t *testing.T) {
	l := newMemListener()
	p := &Process{Delay: 50 * time.Millisecond, Grace: time.Second, Reserve: 500 * time.Millisecond, Quiet: -1, Log: slog.New(slog.DiscardHandler)}
	p.AddHTTP(&http.Server{Handler: http.HandlerFunc(ok)}, l)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var interrupts atomic.Int64
	for range 200 {
		server, c := net.Pipe()
		l.conns <- slowDeadline{server, &interrupts}
		t.Cleanup(func() { c.Close() })
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if interrupts.Load() == 0 {
		t.Error("no connection was interrupted")
	}
}
