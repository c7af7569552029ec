package control

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// TestServer: every pattern of a control load is served, until the server is
// closed.
func TestServer(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server Server
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()

	var mu sync.Mutex
	var all []timeline.Attempt
	l := Load(t.Context(), traffic.Spec{Load: timeline.Load{Rate: 2000}, Limits: traffic.Limits{DialTimeout: time.Minute, Timeout: time.Minute}},
		traffic.Env{Clock: timeline.NewClock(), Record: func(a timeline.Attempt) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, a)
		}}, func(ctx context.Context) (net.Conn, string, error) {
			var d net.Dialer
			nc, err := d.DialContext(ctx, "tcp", ln.Addr().String())
			return nc, "", err
		})
	recorded := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(all)
	}
	for deadline := time.Now().Add(30 * time.Second); recorded() < 20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not 20 attempts within 30 s")
		}
	}
	l.Stop()
	for _, a := range all {
		if a.Dropped() || a.Status != 200 || !a.Control {
			t.Errorf("%+v", a)
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
