package lameduck

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
)

// A fakeGRPC is to this package what a gRPC server is: it serves HTTP/2 on
// what it accepts, and its GracefulStop waits for its streams.
type fakeGRPC struct {
	*http.Server
	mu       sync.Mutex
	streams  int
	ended    *sync.Cond
	graceful func() // if set, it is called before GracefulStop does anything
	stop     func()
	stopped  atomic.Int32
}

func newFakeGRPC(h http.HandlerFunc) *fakeGRPC {
	s := &fakeGRPC{Server: &http.Server{Protocols: new(http.Protocols)}}
	s.ended = sync.NewCond(&s.mu)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.count(1)
		defer s.count(-1)
		h(w, r)
	})
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}

func (s *fakeGRPC) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams += n
	s.ended.Broadcast()
}

func (s *fakeGRPC) GracefulStop() {
	if s.graceful != nil {
		s.graceful()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.streams > 0 {
		s.ended.Wait()
	}
}

func (s *fakeGRPC) Stop() {
	s.stopped.Add(1)
	if s.stop != nil {
		s.stop()
	}
	s.Close()
}

// A fakeHealth is a health server that notes when it is shut down.
type fakeHealth struct {
	shut, resumed chan struct{}
	shutAt        time.Time
}

func newFakeHealth() *fakeHealth {
	return &fakeHealth{shut: make(chan struct{}), resumed: make(chan struct{})}
}

func (h *fakeHealth) Shutdown() { h.shutAt = time.Now(); close(h.shut) }
func (h *fakeHealth) Resume()   { close(h.resumed) }

// startGRPC runs p with s.
func startGRPC(t *testing.T, p *Process, s GRPCServer, health HealthServer) *trial {
	return startWith(t, p, func(l net.Listener) { p.AddGRPC(s, health, l) })
}

// HealthServer is what AddGRPC takes.
type HealthServer = interface{ Shutdown() }

const (
	healthCheck = "/grpc.health.v1.Health/Check"
	healthWatch = "/grpc.health.v1.Health/Watch"
)

// watchHealth is a handler for the Watch of health: it answers twice, and
// never ends by itself.
func watchHealth(health *fakeHealth, w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "serving")
	w.(http.Flusher).Flush()
	select {
	case <-health.shut:
		time.Sleep(30 * time.Millisecond)
		io.WriteString(w, "not serving")
		w.(http.Flusher).Flush()
	case <-r.Context().Done():
	}
	<-r.Context().Done()
}

// Unary calls and streams finish, clients are notified at their moment, and a
// watcher of the health is notified before it is left, and holds nothing.
func TestGRPC(t *testing.T) {
	for _, fail := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			health := newFakeHealth()
			s := newFakeGRPC(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == healthWatch {
					watchHealth(health, w, r)
					return
				}
				sleepyHandler(w, r)
			})
			x := startGRPC(t, &Process{FailReadiness: fail}, s, health)
			watcher, caller := x.dialHTTP2(), x.dialHTTP2()
			watch := watcher.begin(healthWatch)
			unary := caller.begin("/shop.Orders/List?for=1s")
			stream := caller.begin("/shop.Orders/Follow?for=15s")
			synctest.Wait()
			x.terminate()
			time.Sleep(5 * time.Second)
			caller.begin(healthCheck)
			late := caller.begin("/shop.Orders/List")
			x.endsAt(15 * time.Second)
			for _, id := range []uint32{unary, stream, late} {
				if body, whole := caller.body(id); string(body) != "ok" || !whole {
					t.Errorf("stream %d: %q, whole %v", id, body, whole)
				}
			}
			if body, whole := watcher.body(watch); string(body) != "servingnot serving" || whole {
				t.Errorf("the watcher was notified %q", body)
			}
			want := 10 * time.Second
			if fail {
				want = 0
			}
			if at := health.shutAt.Sub(x.t0); at < want || at > want+time.Millisecond {
				t.Errorf("the health failed %v after T0, want %v", at, want)
			}
			if _, at := watcher.over(); at.Sub(x.t0) > 10*time.Second+link.ConfirmWithin {
				t.Errorf("the watcher was left %v after T0", at.Sub(x.t0))
			}
			for _, c := range []*h2Client{watcher, caller} {
				if goAways := c.goAways(); len(goAways) != 2 || goAways[0].at.Sub(x.t0) > 3*time.Second+link.AskWithin {
					t.Errorf("GOAWAYs %v", goAways)
				}
			}
			if n := x.state.Current.Load().LateReqs.Load(); n != 1 {
				t.Errorf("%d late requests, want 1: a check of the health is none", n)
			}
		})
	}
}

// A stream that does not end is cut, and named by its method; what it waits
// for, and what waits for it, is not named besides.
func TestStuckStreamOfGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeGRPC(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		x := startGRPC(t, &Process{}, s, nil)
		c := x.dialHTTP2()
		c.begin(healthWatch)
		c.begin("/shop.Orders/Follow")
		x.terminate()
		took, err := x.end()
		if took < 27*time.Second || took > 30*time.Second || !errors.Is(err, ErrCut) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if all := oneByOne(err); len(all) != 1 || !strings.Contains(all[0].Error(), "stream /shop.Orders/Follow from ") {
			t.Errorf("Run: %v", err)
		}
		if s.stopped.Load() != 1 {
			t.Errorf("stopped %d times", s.stopped.Load())
		}
	})
}

// A GracefulStop that never returns, as before grpc-go 1.85, holds the end
// until the cut and is named; a Stop that blocks beside it holds nothing.
func TestGRPCServerThatNeverStops(t *testing.T) {
	for _, also := range []string{"GracefulStop", "Stop"} {
		t.Run(also, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				forever := make(chan struct{})
				s := newFakeGRPC(sleepyHandler)
				s.graceful = func() { <-forever }
				if also == "Stop" {
					s.stop = s.graceful
				}
				p := &Process{}
				closed := false
				p.AddCloser("flush", func(context.Context) error { closed = true; return nil })
				x := startGRPC(t, p, s, nil)
				c := x.dialHTTP2()
				c.begin("/shop.Orders/List")
				synctest.Wait()
				x.terminate()
				took, err := x.end()
				close(forever)
				if took < 27*time.Second || took > 30*time.Second || !closed {
					t.Errorf("ended %v after T0, closer run: %v", took, closed)
				}
				if all := oneByOne(err); len(all) != 1 || !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "gRPC server") {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
}

// A termination that is taken back makes the services healthy again.
func TestHealthRecoversWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		health := newFakeHealth()
		p := &Process{FailReadiness: true}
		x := startGRPC(t, p, newFakeGRPC(sleepyHandler), health)
		p.begin("preStop", false)
		time.Sleep(time.Second)
		select {
		case <-health.shut:
		default:
			t.Error("not notified at T0")
		}
		time.Sleep(40 * time.Second)
		select {
		case <-health.resumed:
		default:
			t.Error("not taken back")
		}
		health.shut = make(chan struct{})
		x.terminate()
		select {
		case <-health.shut:
		default:
			t.Error("not notified at the second T0")
		}
		x.endsAt(10 * time.Second)
	})
}

// A connection that does not begin as HTTP/2, as one with TLS credentials of
// grpc-go's own, is waited for until the server ends it.
func TestGRPCThatIsNotHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		var got []byte
		s := newFakeGRPC(nil)
		s.graceful = func() { close(stop) }
		x := startGRPC(t, &Process{}, oddGRPC{s, func(c net.Conn) {
			b := make([]byte, 100)
			n, _ := c.Read(b)
			got = b[:n]
			<-stop
			time.Sleep(5 * time.Second)
			io.WriteString(c, "bye")
			c.Close()
		}}, nil)
		nc, _ := x.socket(largeRoom)
		nc.Write([]byte("\x16\x03\x01 and so on"))
		x.terminate()
		rest, err := io.ReadAll(nc)
		if string(got) != "\x16\x03\x01 and so on" || string(rest) != "bye" || err != nil {
			t.Errorf("%q came, %q went, %v", got, rest, err)
		}
		x.endsAt(15 * time.Second)
	})
}

// An oddGRPC does something of its own with each connection.
type oddGRPC struct {
	*fakeGRPC
	serve func(net.Conn)
}

func (s oddGRPC) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go s.serve(c)
	}
}

func TestGRPCWithoutAListener(t *testing.T) {
	var p Process
	p.AddGRPC(newFakeGRPC(nil), nil)
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "without a listener\nhint: ") {
		t.Errorf("Run: %v", err)
	}
}
