package main

import (
	"testing"
)

func TestMain(m *testing.M) {
	serveIfChild()
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
