package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

type endingPlan struct {
	conns, pairs int
	within       time.Duration
}

// endingResult is the processor time of a termination while requests end one after the
// other, each on a connection of its own, which the client closes then. The connections
// are in memory, so that nothing but the server is measured.
type endingResult struct {
	Conns    int     `json:"connections"`
	WithinMS float64 `json:"within_ms"`
	CPU      pair    `json:"cpu_ms"`
}

func measureEnding(ctx context.Context, p plan, res *results) error {
	p.progress("ending: %d pairs of %d connections that end within %v", p.ending.pairs, p.ending.conns, p.ending.within)
	var used [2][]float64
	measure := func(i int, kind string) func() error {
		return func() error {
			out, err := measureOnce(ctx, role{Kind: kind, InMemory: true, Grace: 12 * p.ending.within}, measurement{What: "ending", N: p.ending.conns, Within: p.ending.within})
			used[i] = append(used[i], out.NS/1e6)
			return err
		}
	}
	if err := inTurns(p.ending.pairs, measure(0, shutdown), measure(1, ours)); err != nil {
		return err
	}
	res.Ending = &endingResult{p.ending.conns, milliseconds(p.ending.within), pairOf(used[0], used[1])}
	return nil
}

// measureOnce asks a child of its own.
func measureOnce(ctx context.Context, r role, m measurement) (measured, error) {
	c, err := startChild(ctx, r, 0)
	if err != nil {
		return measured{}, err
	}
	defer c.stop()
	return c.measure(m)
}

// estimate is about how long it takes.
func (p endingPlan) estimate() time.Duration {
	return time.Duration(2*p.pairs) * (p.within + 2*time.Second)
}

// ending terminates this process with so many requests in flight, and returns the
// processor time from SIGTERM to the moment at which the process may exit.
func (s *inMemory) ending(n int, within time.Duration) (out measured, err error) {
	var inFlight sync.WaitGroup
	inFlight.Add(n)
	begin := make(chan struct{})
	s.last.Store(func(w http.ResponseWriter) {
		inFlight.Done()
		<-begin
		time.Sleep(rand.N(within))
		io.WriteString(w, "ok")
	})
	for range n {
		c := &leavingConn{newMemConn(1, func() {})}
		c.request = []byte("GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: " + lastOne + "\r\n\r\n")
		if err := s.hand(c); err != nil {
			return out, err
		}
	}
	inFlight.Wait()
	before := cpuTime()
	if err := terminateSelf(); err != nil {
		return out, err
	}
	close(begin)
	if err := <-s.ended; err != nil {
		return out, fmt.Errorf("the termination: %w", err)
	}
	return measured{NS: float64(cpuTime() - before)}, nil
}

// lastOne is the User-Agent of the requests that are in flight at SIGTERM.
const lastOne = "last one"

// terminateSelf sends SIGTERM to this process.
func terminateSelf() error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return self.Signal(syscall.SIGTERM)
}

// A leavingConn is one whose client closes it when it is asked to.
type leavingConn struct{ *memConn }

func (c *leavingConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("\r\nConnection: close\r\n")) {
		c.hangUp()
	}
	return len(b), nil
}
