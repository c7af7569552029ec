package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

type stuckPlan struct {
	runs           int
	window, budget time.Duration
	patience       time.Duration // how long after the budget is waited for an exit
}

// stuckResult is how late each peer exits beside a handler that ignores its context and
// never returns.
type stuckResult struct {
	WindowMS   float64    `json:"window_ms"`
	BudgetMS   float64    `json:"budget_ms"`
	PatienceMS float64    `json:"patience_ms"`
	Runs       int        `json:"runs"`
	Rows       []stuckRow `json:"rows"`
}

// stuckRow is one peer with one stuck handler.
type stuckRow struct {
	Peer  string `json:"peer"`
	Proto string `json:"protocol"`
	N     int    `json:"terminations"`
	Never int    `json:"never_exited"` // within the patience
	// OverMS is from the end of the budget to the exit, of those that did.
	OverMS spread `json:"over_ms"`
}

// measureStuck has all processes of one protocol wait at once: they only
// sleep.
func measureStuck(ctx context.Context, p plan, res *results) error {
	out := &stuckResult{WindowMS: milliseconds(p.stuck.window), BudgetMS: milliseconds(p.stuck.budget),
		PatienceMS: milliseconds(p.stuck.patience), Runs: p.stuck.runs}
	for _, served := range []proto{clear1, rpc} {
		p.progress("stuck: a handler of %s", protoName(served))
		rows, err := p.stuck.all(ctx, served)
		if err != nil {
			return err
		}
		out.Rows = append(out.Rows, rows...)
	}
	res.Stuck = out
	return nil
}

func protoName(p proto) string {
	if p == rpc {
		return "gRPC"
	}
	return "HTTP/1.1"
}

func (p stuckPlan) all(ctx context.Context, served proto) ([]stuckRow, error) {
	rows := make([]stuckRow, len(peers))
	over := make([][]float64, len(peers))
	var mu sync.Mutex
	var failed error
	for range p.runs {
		var group sync.WaitGroup
		for i, peer := range peers {
			rows[i].Peer, rows[i].Proto = peer.name, protoName(served)
			group.Go(func() {
				took, never, err := p.one(ctx, peer, served)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					failed = errors.Join(failed, fmt.Errorf("%s: %w", peer.name, err))
					return
				case never:
					rows[i].Never++
				default:
					over[i] = append(over[i], milliseconds(took-p.budget))
				}
				rows[i].N++
			})
		}
		group.Wait()
	}
	for i := range rows {
		rows[i].OverMS = spreadOf(over[i])
	}
	return rows, failed
}

func (p stuckPlan) one(ctx context.Context, peer peer, served proto) (took time.Duration, never bool, err error) {
	c, err := startChild(ctx, role{Kind: peer.name, Proto: served, Delay: p.window, Quiet: p.window / 3, Grace: p.budget}, 0)
	if err != nil {
		return 0, false, err
	}
	defer c.stop()
	hangUp, err := callStuck(c.addr, served)
	if err != nil {
		return 0, false, err
	}
	defer hangUp()
	time.Sleep(settle)
	return c.terminateWithin(ctx, p.budget+p.patience)
}

// callStuck returns when the handler is stuck.
func callStuck(addr string, served proto) (hangUp func(), err error) {
	if served == rpc {
		return callStuckRPC(addr)
	}
	c, _, err := get(addr, "/stuck", "")
	if err != nil {
		return nil, err
	}
	return func() { c.Close() }, nil
}

// estimate is about how long it takes: every round has a server that never
// exits.
func (p stuckPlan) estimate() time.Duration {
	return time.Duration(2*p.runs) * (p.budget + p.patience)
}
