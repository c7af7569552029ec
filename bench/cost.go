package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

type costPlan struct {
	rounds, calls int // of requests
	conns         int
	connRounds    int
}

// procCounts are the GOMAXPROCS of the servers whose cost is measured.
var procCounts = []int{1, 2, 8}

// costResult is what each peer adds to bare net/http in memory: no network,
// no client, a process of its own.
type costResult struct {
	Rounds int       `json:"rounds"`
	Conns  int       `json:"idle_connections"`
	Rows   []costRow `json:"rows"`
}

// costRow is one peer on so many processors. The bare one of each pair is
// the first recipe's server: none of it is on the path of a request.
type costRow struct {
	Peer   string `json:"peer"`
	Procs  int    `json:"gomaxprocs"`
	Path   pair   `json:"path_ns"` // what is on the way of a request, with a socket's deadlines
	Allocs pair   `json:"path_allocs"`
	Whole  pair   `json:"whole_ns"` // a request through all of net/http
	Bytes  pair   `json:"bytes_per_idle_connection"`
}

func measureCost(ctx context.Context, p plan, res *results) error {
	out := &costResult{Rounds: p.cost.rounds, Conns: p.cost.conns}
	for _, procs := range procCounts {
		p.progress("cost: GOMAXPROCS=%d", procs)
		rows, err := p.cost.all(ctx, procs)
		if err != nil {
			return fmt.Errorf("on %d processors: %w", procs, err)
		}
		out.Rows = append(out.Rows, rows...)
	}
	res.Cost = out
	return nil
}

// costSamples are those of one peer.
type costSamples struct{ path, allocs, whole, bytes []float64 }

// all takes samples of all peers in turns. Who goes first changes from round
// to round; the first round warms up, and does not count.
func (p costPlan) all(ctx context.Context, procs int) ([]costRow, error) {
	of := make([]costSamples, len(peers))
	children := make([]*child, len(peers))
	for i, peer := range peers {
		c, err := startChild(ctx, role{Kind: peer.name, InMemory: true}, procs)
		if err != nil {
			return nil, err
		}
		defer c.stop()
		children[i] = c
	}
	for round := range 1 + max(p.rounds, p.connRounds) {
		for i := range peers {
			i = (i + round) % len(peers)
			if err := of[i].take(children[i], p, round); err != nil {
				return nil, fmt.Errorf("%s: %w", peers[i].name, err)
			}
		}
	}
	bare := of[slices.IndexFunc(peers, func(p peer) bool { return p.name == shutdown })]
	var rows []costRow
	for i, peer := range peers {
		rows = append(rows, costRow{peer.name, procs,
			pairOf(bare.path, of[i].path), pairOf(bare.allocs, of[i].allocs),
			pairOf(bare.whole, of[i].whole), pairOf(bare.bytes, of[i].bytes)})
	}
	return rows, nil
}

// take has a child take the samples of one round; 0 is the one that does not
// count.
func (s *costSamples) take(c *child, p costPlan, round int) error {
	if round <= p.rounds {
		path, err := c.measure(measurement{What: "path", N: p.calls})
		if err != nil {
			return err
		}
		whole, err := c.measure(measurement{What: "whole", N: max(1, p.calls/10)})
		if err != nil {
			return err
		}
		if round > 0 {
			s.path, s.allocs = append(s.path, path.NS), append(s.allocs, path.Allocs)
			s.whole = append(s.whole, whole.NS)
		}
	}
	if round <= p.connRounds {
		idle, err := c.measure(measurement{What: "idle", N: p.conns})
		if err != nil {
			return err
		}
		if round > 0 {
			s.bytes = append(s.bytes, idle.Bytes)
		}
	}
	return nil
}

// A measurement is what a child that serves in memory is asked for.
type measurement struct {
	What   string        // path, whole, idle, ending, open, begin or count
	N      int           // requests, or connections
	Within time.Duration // ending: the requests end; open, begin, count: their clients are asked to leave
}

// A measured is its answer: of one request, or of one connection.
type measured struct {
	NS, Allocs, Bytes           float64
	StallMS, Goroutines, Timers float64 // of all connections
}

func (c *child) measure(m measurement) (out measured, err error) {
	question, err := json.Marshal(m)
	if err != nil {
		return out, err
	}
	if _, err := fmt.Fprintln(c.in, string(question)); err != nil {
		return out, err
	}
	answer, err := c.line()
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(answer), &out)
}

// estimate is about how long it takes: on one processor, a request through
// a framework takes some microseconds.
func (p costPlan) estimate() time.Duration {
	sample := time.Duration(p.calls)*time.Microsecond + time.Duration(p.conns)*100*time.Microsecond
	return time.Duration(len(procCounts)*len(peers)*(1+p.rounds)) * sample
}
