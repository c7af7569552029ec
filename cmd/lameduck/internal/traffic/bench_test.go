//go:build unix

package traffic

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// BenchmarkKeepalive is requests on 50 connections, one after the other on
// each, by the very path of a keepalive attempt but the pacing. The server is
// another process, so that cpu-ns/op is the client's alone.
func BenchmarkKeepalive(b *testing.B) {
	const connections = 50
	n := benchmarkPattern(b, "keepalive")
	k := n.policy.(*kept)
	k.connections = connections
	inParallel(b, connections, func() {
		k.underway.Add(1)
		c, extra := k.take()
		k.try(c, extra, 0)
	})
}

// BenchmarkTransport is the same with net/http's client, to compare.
func BenchmarkTransport(b *testing.B) {
	const connections = 50
	addr := startChild(b, "answer").addr
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	inParallel(b, connections, func() {
		resp, err := client.Get("http://" + addr + "/")
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	})
}

func inParallel(b *testing.B, goroutines int, do func()) {
	b.ReportAllocs()
	b.SetParallelism(max(1, goroutines/runtime.GOMAXPROCS(0)))
	begin := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			do()
		}
	})
	b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
}

// BenchmarkPaced is what an attempt of each pattern costs the client in an
// open loop, pacing included.
func BenchmarkPaced(b *testing.B) {
	for _, pattern := range []string{"keepalive", "new"} {
		for _, rate := range []int{DefaultRate, 2000} {
			b.Run(pattern+"/"+time.Duration(time.Second/time.Duration(rate)).String(), func(b *testing.B) {
				n := benchmarkPattern(b, pattern)
				n.rate, n.wakeup = rate, newWakeup()
				b.ReportAllocs()
				begin := cpuTime(b)
				start := n.env.Clock.Now()
				for tick := int64(0); b.Loop(); tick++ {
					for wait := start + due(tick, rate) - n.env.Clock.Now(); wait > 0; wait = start + due(tick, rate) - n.env.Clock.Now() {
						n.wakeup.wait(wait)
					}
					n.policy.start(tick, start+due(tick, rate))
				}
				n.attempts.Wait()
				b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

func benchmarkPattern(b *testing.B, pattern string) *patternRun {
	addr := startChild(b, "answer").addr
	l := newLoad(b.Context(), Spec{Load: timeline.Load{Patterns: []string{pattern}}}, Env{
		Dial:  []Dialer{dialer(addr)},
		Clock: timeline.NewClock(),
		Record: func(a timeline.Attempt) {
			if a.Dropped() {
				b.Errorf("%s: %s", a.Cause, a.Detail)
			}
		},
	})
	b.Cleanup(l.Stop)
	return l.patternRuns[0]
}

// cpuTime is what this process has used, in user and system mode.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkOutage breaks the service for a moment, again and again, and
// reports how many of the outages show: one per op.
func BenchmarkOutage(b *testing.B) {
	for _, tt := range []struct {
		rate   int
		length time.Duration
	}{{DefaultRate, 5 * time.Millisecond}, {2000, time.Millisecond}} {
		b.Run(tt.length.String(), func(b *testing.B) {
			const every = 20 * time.Millisecond
			rec := &recorder{}
			cfg := rec.config(startChild(b, "answer").addr)
			cfg.Patterns, cfg.Rate = []string{"new"}, tt.rate
			begin := cfg.Clock.Now()
			up := cfg.Dial[0]
			cfg.Dial[0] = func(ctx context.Context) (net.Conn, string, error) {
				since := cfg.Clock.Now() - begin
				n := since / every
				if offset := since%every - n%100*every/150; 0 <= offset && offset < tt.length {
					return nil, strconv.Itoa(int(n)), syscall.ECONNREFUSED
				}
				return up(ctx)
			}
			l := cfg.start(b.Context())
			time.Sleep(time.Duration(b.N) * every)
			l.Stop()
			found := map[string]bool{}
			for _, a := range rec.drops() {
				found[a.Pod] = true
			}
			b.ReportMetric(100*float64(min(len(found), b.N))/float64(b.N), "%found")
		})
	}
}
