package traffic

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// recorder keeps the attempts of a test.
type recorder struct {
	mu       sync.Mutex
	attempts []timeline.Attempt
}

func (r *recorder) record(a timeline.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, a)
}

func (r *recorder) all() []timeline.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]timeline.Attempt(nil), r.attempts...)
}

func (r *recorder) drops() []timeline.Attempt {
	var drops []timeline.Attempt
	for _, a := range r.all() {
		if a.Dropped() {
			drops = append(drops, a)
		}
	}
	return drops
}

func (r *recorder) waitFor(t *testing.T, attempts int) {
	t.Helper()
	eventually(t, func() bool { return len(r.all()) >= attempts })
}

// eventually waits for a condition that has to become true, however busy the
// machine is.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 30 s")
		}
	}
}

// config is a load of a test.
type config struct {
	Spec
	Env
}

func (c *config) start(ctx context.Context) *Load { return Start(ctx, c.Spec, c.Env) }

// to is a load through the given dialers, with one connection to be kept.
func to(dial ...Dialer) config {
	return config{Spec{Limits: Limits{Connections: 1}}, Env{Dial: dial, Clock: timeline.NewClock()}}
}

// config lets an attempt take as long as a test may: how busy this machine is must
// not be among what is counted.
func (r *recorder) config(addr string) config {
	c := to(dialer(addr))
	c.Record = r.record
	c.Limits = Limits{DialTimeout: time.Minute, Timeout: time.Minute}
	return c
}

func dialer(addr string) Dialer {
	return func(ctx context.Context) (net.Conn, string, error) {
		var d net.Dialer
		nc, err := d.DialContext(ctx, "tcp", addr)
		return nc, "pod", err
	}
}
