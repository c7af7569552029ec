package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

type silentPlan struct{ conns, tries, rounds int }

// silentResult is how long a new connection of TLS takes, to the end of its first
// answer, behind so many that have sent nothing.
type silentResult struct {
	Conns int  `json:"silent_connections"`
	Tries int  `json:"tries"`
	Took  pair `json:"ms"` // the median of the tries of a round
}

func measureSilent(ctx context.Context, p plan, res *results) error {
	p.progress("silent: %d rounds of %d new connections behind %d silent ones", p.silent.rounds, p.silent.tries, p.silent.conns)
	var took [2][]float64
	measure := func(i int, kind string) func() error {
		return func() error {
			ms, err := p.silent.round(ctx, kind)
			took[i] = append(took[i], ms...)
			return err
		}
	}
	if err := inTurns(p.silent.rounds, measure(0, shutdown), measure(1, ours)); err != nil {
		return err
	}
	res.Silent = &silentResult{p.silent.conns, p.silent.tries, pairOf(took[0], took[1])}
	return nil
}

// round returns the median. The silent connections of ours live for 10 s at most.
func (p silentPlan) round(ctx context.Context, kind string) ([]float64, error) {
	c, err := startChild(ctx, role{Kind: kind, Proto: secure}, 0)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	h := holder{dial: dialTLS1, ask: askHTTP1}
	first, err := h.open(c.addr) // pays for what a process makes once
	if err != nil {
		return nil, err
	}
	defer first.Close()
	for range p.conns {
		silent, err := net.Dial("tcp", c.addr)
		if err != nil {
			return nil, err
		}
		defer silent.Close()
	}
	var took []float64
	for range p.tries {
		began := time.Now()
		conn, err := h.open(c.addr)
		if err != nil {
			return nil, fmt.Errorf("behind silent connections: %w", err)
		}
		took = append(took, milliseconds(time.Since(began)))
		if err := errors.Join(conn.Close(), context.Cause(ctx)); err != nil {
			return nil, err
		}
	}
	return []float64{spreadOf(took).Median}, nil
}

// estimate is about how long it takes.
func (p silentPlan) estimate() time.Duration {
	return time.Duration(2*p.rounds) * (time.Duration(p.conns)*200*time.Microsecond + time.Duration(p.tries)*5*time.Millisecond)
}
