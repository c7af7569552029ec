package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

type brokenPlan struct {
	runs, clients int
	window        time.Duration
}

// brokenResult is what terminations cost clients that keep their
// connections and send what cannot be repeated.
type brokenResult struct {
	Clients  int          `json:"clients"`
	WindowMS float64      `json:"window_ms"`
	Cells    []brokenCell `json:"cells"`
}

// brokenCell is one server with one think time, over some terminations.
type brokenCell struct {
	Server   string  `json:"server"`
	ThinkMS  float64 `json:"think_ms"`
	Runs     int     `json:"runs"`
	Hit      int     `json:"runs_with_broken"`
	Requests int64   `json:"requests"`
	Broken   int64   `json:"broken"`
}

var thinkTimes = []time.Duration{0, 2 * time.Millisecond, 20 * time.Millisecond, 400 * time.Millisecond}

// measureBroken terminates servers whose endpoint is gone already: clients
// keep the connections they have and open no new ones.
func measureBroken(ctx context.Context, p plan, res *results) error {
	out := &brokenResult{Clients: p.broken.clients, WindowMS: milliseconds(p.broken.window)}
	for _, kind := range []string{ours, shutdown, exit} {
		r := role{Kind: kind, Delay: p.broken.window, Quiet: p.broken.window / 3}
		for _, think := range thinkTimes {
			p.progress("broken: %s, think time %v", r.name(), think)
			cell := brokenCell{Server: r.name(), ThinkMS: milliseconds(think), Runs: p.broken.runs}
			for range p.broken.runs {
				if err := cell.add(ctx, r, think, p.broken.clients); err != nil {
					return fmt.Errorf("%s, think time %v: %w", r.name(), think, err)
				}
			}
			out.Cells = append(out.Cells, cell)
		}
	}
	res.Broken = out
	return nil
}

// add runs one more termination.
func (cell *brokenCell) add(ctx context.Context, r role, think time.Duration, clients int) error {
	c, err := startChild(ctx, r, 0)
	if err != nil {
		return err
	}
	defer c.stop()
	posters := make([]*poster, clients)
	var group sync.WaitGroup
	defer group.Wait() // after stop, which ends the clients that still wait
	for i := range posters {
		if posters[i], err = newPoster(c.addr, think); err != nil {
			c.stop()
			return err
		}
		group.Go(posters[i].run)
	}
	if err := warmUp(ctx, posters); err != nil {
		return err
	}
	if _, err := c.terminate(ctx); err != nil {
		return err
	}
	group.Wait()
	cell.count(posters)
	return nil
}

// warmUp lets every client have an answer, and then all of them fall out of
// step.
func warmUp(ctx context.Context, posters []*poster) error {
	for _, p := range posters {
		select {
		case <-p.warm:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	time.Sleep(100 * time.Millisecond)
	return nil
}

func (cell *brokenCell) count(posters []*poster) {
	before := cell.Broken
	for _, p := range posters {
		cell.Requests += p.requests
		if p.broken {
			cell.Broken++
		}
	}
	if cell.Broken > before {
		cell.Hit++
	}
}

// A poster sends POST requests on one connection, and thinks in between,
// until it is asked to leave, the connection closes between two requests,
// or one of them breaks.
type poster struct {
	engine.Session
	think    time.Duration
	warm     chan struct{} // closed after the first exchange, or when there is none
	requests int64         // what follows is for after run
	broken   bool
}

func newPoster(addr string, think time.Duration) (*poster, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &poster{Session: session(c, posts, engine.Kept), think: think, warm: make(chan struct{})}, nil
}

func (p *poster) run() {
	defer p.Close()
	warm := sync.OnceFunc(func() { close(p.warm) })
	defer warm()
	for {
		p.requests++
		end, err := exchange(p)
		if err != nil {
			p.broken = true
			return
		}
		warm()
		if end != engine.Open || !staysOpen(context.Background(), p, about(p.think)) {
			return
		}
	}
}
