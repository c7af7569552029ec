package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	serveIfChild()
	flag.Parse()
	if testing.Short() { // each peer is a few dozen processes
		peers = slices.DeleteFunc(peers, func(p peer) bool { return !slices.Contains([]string{exit, shutdown, ours, "kratos"}, p.name) })
	}
	m.Run()
}

// Each pair of benchmarks is one row of the tables: compare bare and ours of
// one run, better of several (-count).

func BenchmarkRequestPath(b *testing.B) {
	for _, kind := range []string{shutdown, ours} {
		b.Run(benchName(kind), func(b *testing.B) {
			socket, err := newSocket()
			if err != nil {
				b.Fatal(err)
			}
			defer socket.Close()
			path, err := newRequestPath(kind, socket)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			path.requests(b.N)
			b.StopTimer()
			if err := path.close(); err != nil {
				b.Error(err)
			}
		})
	}
}

func BenchmarkRequestWhole(b *testing.B) {
	for _, kind := range []string{shutdown, ours} {
		b.Run(benchName(kind), func(b *testing.B) {
			s := newMemServer(kind, hello)
			b.ReportAllocs()
			b.ResetTimer()
			err := s.requests(b.N)
			b.StopTimer()
			if err != nil {
				b.Error(err)
			}
			if err := s.close(); err != nil {
				b.Error(err)
			}
		})
	}
}

func BenchmarkIdleConnection(b *testing.B) {
	for _, kind := range []string{shutdown, ours} {
		b.Run(benchName(kind), func(b *testing.B) {
			var bytes float64
			for b.Loop() {
				n, err := bytesPerIdle(kind, 1000)
				if err != nil {
					b.Fatal(err)
				}
				bytes = n
			}
			b.ReportMetric(bytes, "B/conn")
		})
	}
}

func benchName(kind string) string {
	if kind == ours {
		return kind
	}
	return "net-http"
}

// The processor time of requests that end one after the other while the server
// terminates, for each of them.
func BenchmarkFinish(b *testing.B) {
	const conns = 10000
	for _, kind := range []string{shutdown, ours} {
		b.Run(benchName(kind), func(b *testing.B) {
			var used time.Duration
			for b.Loop() {
				used += finish(b, kind, conns)
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(conns*b.N), "cpu-ns/conn")
		})
	}
}

// finish terminates a server with so many requests in flight, which end within two
// seconds, and returns the processor time from there on.
func finish(b *testing.B, kind string, conns int) time.Duration {
	var flying, clients sync.WaitGroup
	flying.Add(conns)
	end := make(chan struct{})
	s := newMemServer(kind, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		flying.Done()
		<-end
		time.Sleep(rand.N(2 * time.Second))
	}))
	for range conns {
		server, c := net.Pipe()
		if err := s.hand(server); err != nil {
			b.Fatal(err)
		}
		clients.Go(func() { getUntilClose(b, c) })
	}
	flying.Wait()
	closed := make(chan error, 1)
	go func() {
		if kind == shutdown {
			s.http.Shutdown(context.Background())
		}
		closed <- s.close()
	}()
	before := cpuTime()
	close(end)
	clients.Wait()
	if err := <-closed; err != nil {
		b.Error(err)
	}
	return cpuTime() - before
}

// getUntilClose sends one request, and closes c when the response has Connection: close.
func getUntilClose(b *testing.B, c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || !res.Close {
		b.Errorf("an answer without Connection: close: %v", err)
	}
}
