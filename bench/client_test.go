package main

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// The processor time of a request for its client: on 50 connections, one after the
// other on each, to a server in another process. wrk is measured where it is installed.
func BenchmarkClient(b *testing.B) {
	c, err := startChild(b.Context(), role{Kind: shutdown}, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer c.stop()
	b.Run("engine", func(b *testing.B) {
		benchmarkClient(b, func() (func() error, func(), error) {
			conn, err := net.Dial("tcp", c.addr)
			if err != nil {
				return nil, nil, err
			}
			s := session(conn, gets, engine.Kept)
			return func() error {
				if s.Idle() != engine.Open {
					return net.ErrClosed
				}
				_, err := exchange(s)
				return err
			}, s.Close, nil
		})
	})
	b.Run("net-http", func(b *testing.B) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchmarkConns}}
		defer client.CloseIdleConnections()
		benchmarkClient(b, func() (func() error, func(), error) {
			return func() error {
				answer, err := client.Get("http://" + c.addr + "/")
				if err != nil {
					return err
				}
				defer answer.Body.Close()
				_, err = io.Copy(io.Discard, answer.Body)
				return err
			}, func() {}, nil
		})
	})
	b.Run("wrk", func(b *testing.B) { benchmarkWrk(b, "http://"+c.addr+"/") })
}

const benchmarkConns = 50

// benchmarkClient has b.N requests made by clients that open makes: one for each
// connection, with what makes a request and what closes it.
func benchmarkClient(b *testing.B, open func() (request func() error, close func(), err error)) {
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	var group sync.WaitGroup
	before := cpuTime()
	for range benchmarkConns {
		group.Go(func() {
			request, close, err := open()
			if err != nil {
				b.Error(err)
				return
			}
			defer close()
			for err == nil && left.Add(-1) >= 0 {
				err = request()
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/request")
}

func benchmarkWrk(b *testing.B, url string) {
	if _, err := exec.LookPath("wrk"); err != nil {
		b.Skip(err)
	}
	requests, used := 0, 0.0
	for b.Loop() {
		wrk := exec.CommandContext(b.Context(), "wrk", "-t", "2", "-c", strconv.Itoa(benchmarkConns), "-d", "2s", url)
		out, err := wrk.CombinedOutput()
		count := regexp.MustCompile(`(\d+) requests in`).FindSubmatch(out)
		if err != nil || count == nil {
			b.Fatalf("%v\n%s", err, out)
		}
		n, _ := strconv.Atoi(string(count[1]))
		requests += n
		used += float64(wrk.ProcessState.UserTime() + wrk.ProcessState.SystemTime())
	}
	b.ReportMetric(used/float64(requests), "cpu-ns/request")
}
