package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestDialIsolated(t *testing.T) {
	cfg, out := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	if err := hello(t.Context(), p); err != nil {
		t.Fatal(err, out)
	}
	if got, want := fmt.Sprint(p.Listening()), "[[::]:8080]"; got != want {
		t.Errorf("listening on %s, want %s", got, want)
	}
}

func TestReplicasShareAPort(t *testing.T) {
	for range 2 {
		cfg, _ := isolated(t, "serve")
		p := start(t, cfg)
		serving(t, p)
		if err := hello(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServerOnIPv6Only: it refuses IPv4, and is reached.
func TestServerOnIPv6Only(t *testing.T) {
	for program, ipv6 := range map[string]bool{"ipv6": true, "serve": false} {
		cfg, out := isolated(t, program)
		p := start(t, cfg)
		serving(t, p)
		for range 2 {
			if err := hello(t.Context(), p); err != nil {
				t.Fatal(program, err, out)
			}
		}
		if got := p.OverIPv6(8080); got != ipv6 {
			t.Errorf("%s: over IPv6 %v, want %v", program, got, ipv6)
		}
	}
}

func TestLoopbackListenerRefuses(t *testing.T) {
	cfg, _ := isolated(t, "loopback")
	p := start(t, cfg)
	serving(t, p)
	if got, want := fmt.Sprint(p.Listening()), "[127.0.0.1:8080]"; got != want {
		t.Errorf("listening on %s, want %s", got, want)
	}
	if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
}

func TestDialAfterTheEnd(t *testing.T) {
	cfg, _ := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, p)
	for range 2 { // the namespace is there, and then it is not
		if err := hello(t.Context(), p); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: %v, want refused", err)
		}
		p.Close()
	}
	if got := p.Listening(); len(got) != 0 {
		t.Errorf("an ended process listens on %v", got)
	}
}

func TestManyDialsAtOnce(t *testing.T) {
	cfg, _ := isolated(t, "serve")
	p := start(t, cfg)
	serving(t, p)
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if err := hello(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestHangingDialsDoNotBlock(t *testing.T) {
	cfg, _ := isolated(t, "full")
	p := start(t, cfg)
	eventually(t, "it listens on both ports", func() bool { return len(p.Listening()) == 2 })
	ctx, cancel := context.WithCancel(t.Context())
	const dials = 12
	failed := make(chan error, dials)
	for range dials {
		go func() {
			conn, err := p.Dial(ctx, 9090)
			if err == nil {
				defer conn.Close()
				<-ctx.Done()
			}
			failed <- err
		}()
	}
	if err := hello(t.Context(), p); err != nil {
		t.Error(err)
	}
	cancel()
	hung := 0
	for range dials {
		if errors.Is(<-failed, context.Canceled) {
			hung++
		}
	}
	if hung < dials/2 {
		t.Errorf("only %d of %d dials hung", hung, dials)
	}
}

// TestHangingDialsNeedNoThreads: one thread each made a busy machine busier,
// until no more could be had.
func TestHangingDialsNeedNoThreads(t *testing.T) {
	cfg, _ := isolated(t, "full")
	p := start(t, cfg)
	eventually(t, "it listens on both ports", func() bool { return len(p.Listening()) == 2 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := threads(t)
	var dials sync.WaitGroup
	for range 300 {
		dials.Go(func() {
			if conn, err := p.Dial(ctx, 9090); err == nil {
				conn.Close()
			} else if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	for range 10 { // what is served meanwhile shows that all have begun
		if err := hello(t.Context(), p); err != nil {
			t.Error(err)
		}
	}
	if now := threads(t); now > before+50 {
		t.Errorf("%d threads, %d before 300 dials hung", now, before)
	}
	cancel()
	dials.Wait()
}

func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// TestDialEndsWithItsContext: with the errors of a net.Dialer.
func TestDialEndsWithItsContext(t *testing.T) {
	cfg, _ := isolated(t, "full")
	p := start(t, cfg)
	eventually(t, "it listens on both ports", func() bool { return len(p.Listening()) == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for {
		conn, err := p.Dial(ctx, 9090)
		if err == nil { // there was still room in its queue
			defer conn.Close()
			continue
		}
		timeout, ok := errors.AsType[net.Error](err)
		if !ok || !timeout.Timeout() || !strings.HasSuffix(err.Error(), "i/o timeout") {
			t.Errorf("dial: %v, want a timeout", err)
		}
		return
	}
}

// BenchmarkDial compares a connection into a network namespace with one that
// stays outside.
func BenchmarkDial(b *testing.B) {
	for name, program := range map[string]string{"isolated": "serve", "plain": "port"} {
		b.Run(name, func(b *testing.B) {
			cfg, _ := forms[name](b, program)
			p := start(b, cfg)
			serving(b, p)
			for b.Loop() {
				if err := hello(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
