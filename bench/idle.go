package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
)

type idlePlan struct{ conns, pairs int }

// idleResult is what one idle keep-alive connection holds: heap and stacks,
// after a garbage collection. The connection in memory is part of both.
type idleResult struct {
	Conns int  `json:"connections"`
	Bytes pair `json:"bytes_per_connection"`
}

func measureIdle(ctx context.Context, p plan, res *results) error {
	p.progress("idle: %d pairs of %d connections", p.idle.pairs, p.idle.conns)
	var bytes [2][]float64
	measure := func(i int, kind string) func() error {
		return func() error {
			n, err := bytesPerIdle(kind, p.idle.conns)
			bytes[i] = append(bytes[i], n)
			if err == nil {
				err = context.Cause(ctx)
			}
			return err
		}
	}
	// The first pair pays for what a process makes once.
	if err := inTurns(1+p.idle.pairs, measure(0, shutdown), measure(1, ours)); err != nil {
		return err
	}
	res.Idle = &idleResult{p.idle.conns, pairOf(bytes[0][1:], bytes[1][1:])}
	return nil
}

func bytesPerIdle(kind string, n int) (float64, error) {
	s := newMemServer(kind, hello)
	perConn, err := bytesPerConn(s.hand, n)
	if err != nil {
		return 0, err
	}
	if err := s.close(); err != nil {
		return 0, fmt.Errorf("%s, without a connection: %w", kind, err)
	}
	return perConn, nil
}

// bytesPerConn opens n connections that each make one request and then stay
// silent, and returns what memory one of them holds.
func bytesPerConn(hand func(net.Conn) error, n int) (float64, error) {
	before := memoryHeld()
	conns := make([]*memConn, n)
	var busy sync.WaitGroup
	busy.Add(n)
	for i := range conns {
		conns[i] = newMemConn(1, busy.Done)
		if err := hand(conns[i]); err != nil {
			return 0, err
		}
	}
	busy.Wait()
	held := memoryHeld() - before
	for _, c := range conns {
		c.hangUp()
	}
	for _, c := range conns {
		<-c.gone
	}
	return float64(held) / float64(n), nil
}

// memoryHeld is what is left of heap and stacks when the garbage is gone.
// Twice, since a sync.Pool keeps what it holds for one collection more.
func memoryHeld() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
