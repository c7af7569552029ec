package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

type lostPlan struct {
	runs, clients int           // clients: of each kind; 0: as many as the kind has
	peer, kind    string        // only those with this in their name
	window        time.Duration // from SIGTERM to the end of serving
	budget        time.Duration // from SIGTERM to the cut
	tries         int           // of a trial, where the machine was too busy; 0: one
}

// killAfter is the time between the end of the budget and the SIGKILL for a process
// that has not exited. The kubelet allows none: in a cluster the budget is less than
// the grace period.
const killAfter = time.Second

// lostResult is what terminations cost clients of all kinds.
type lostResult struct {
	WindowMS float64    `json:"window_ms"`
	BudgetMS float64    `json:"budget_ms"`
	Runs     int        `json:"runs"`
	Cells    []lostCell `json:"cells"`
}

// lostCell is one peer with one kind of client, over some terminations.
type lostCell struct {
	Peer     string           `json:"peer"`
	Kind     string           `json:"kind"`
	Runs     int              `json:"runs"`
	Hit      int              `json:"runs_with_broken"`
	Killed   int              `json:"runs_killed"`   // did not exit within the budget
	Stalled  int              `json:"runs_stalled"`  // the machine was too busy, each time
	Repeated int              `json:"runs_repeated"` // not counted, for the same reason
	Requests int64            `json:"requests"`
	Broken   int64            `json:"broken"`
	Errors   map[string]int64 `json:"errors,omitempty"` // the errors of the clients
}

// measureLost runs the trials kind by kind, and for each kind the peers in turns, so
// that other load of the machine affects all of them alike.
func measureLost(ctx context.Context, p plan, res *results) error {
	places, closePlaces, err := openElsewhere()
	if err != nil {
		return err
	}
	defer closePlaces()
	out := &lostResult{WindowMS: milliseconds(p.lost.window), BudgetMS: milliseconds(p.lost.budget), Runs: p.lost.runs}
	for _, k := range p.lost.kinds() {
		start := time.Now()
		cells, err := p.lost.runAll(ctx, k, places)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		for _, c := range cells {
			p.progress("lost: %s, %s: %d broken of %d%s%s", c.Kind, c.Peer, c.Broken, c.Requests, c.stalls(), c.errorList())
		}
		p.progress("lost: %s took %v", k.name, time.Since(start).Round(time.Second))
		out.Cells = append(out.Cells, cells...)
	}
	res.Lost = out
	return nil
}

func (p lostPlan) kinds() []kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !strings.Contains(k.name, p.kind) })
}

func (p lostPlan) peers() []peer {
	return slices.DeleteFunc(slices.Clone(peers), func(x peer) bool { return !strings.Contains(x.name, p.peer) })
}

// runAll runs all trials of one kind, some at the same time.
func (p lostPlan) runAll(ctx context.Context, k kind, places elsewhere) ([]lostCell, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	peers := p.peers()
	cells := make([]lostCell, len(peers))
	var mu sync.Mutex
	var group sync.WaitGroup
	turns := make(chan struct{}, k.atOnce)
	for range p.runs {
		for i, peer := range peers {
			cells[i].Peer, cells[i].Kind = peer.name, k.name
			turns <- struct{}{}
			group.Go(func() {
				defer func() { <-turns }()
				out, repeated, err := p.undisturbed(ctx, peer, k, places)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					cancel(fmt.Errorf("%s: %w", peer.name, err))
					return
				}
				cells[i].Repeated += repeated
				cells[i].count(out, p.stall())
			})
			if ctx.Err() != nil {
				break
			}
		}
	}
	group.Wait()
	return cells, context.Cause(ctx)
}

// stall is for how long this process may get no processor before a trial is repeated.
func (p lostPlan) stall() time.Duration { return p.window / 10 }

// undisturbed repeats a trial, whatever its outcome, if the machine was too busy,
// up to the number of tries.
func (p lostPlan) undisturbed(ctx context.Context, peer peer, k kind, places elsewhere) (out *outcome, repeated int, err error) {
	for repeated = range max(1, p.tries) {
		if out, err = p.trial(peer, k, places).run(ctx); err != nil || out.stall <= p.stall() {
			break
		}
	}
	return out, repeated, err
}

func (p lostPlan) trial(peer peer, k kind, places elsewhere) *trial {
	s := &trial{
		role:      role{Kind: peer.name, Proto: k.proto, Delay: p.window, Quiet: p.window / 3, Grace: p.budget},
		kind:      k,
		elsewhere: places,
		clients:   k.clients,
		views:     p.window * 8 / 10,
	}
	if p.clients > 0 {
		s.clients = p.clients
	}
	if k.late {
		s.views = p.window * 15 / 10
	}
	return s
}

func (c *lostCell) count(a *outcome, stall time.Duration) {
	c.Runs++
	if a.stall > stall {
		c.Stalled++
	}
	c.Requests += a.requests
	if a.killed {
		c.Killed++
	}
	if len(a.broken) == 0 {
		return
	}
	c.Hit++
	if c.Errors == nil {
		c.Errors = map[string]int64{}
	}
	for text, n := range a.broken {
		c.Broken += n
		c.Errors[text] += n
	}
}

func (c *lostCell) stalls() string {
	if c.Repeated == 0 && c.Stalled == 0 {
		return ""
	}
	return fmt.Sprintf(" (the machine stalled: %d repeated, %d counted nevertheless)", c.Repeated, c.Stalled)
}

// errorList lists the errors of the clients of lameduck: each is a defect.
func (c *lostCell) errorList() string {
	if c.Peer != ours || c.Broken == 0 {
		return ""
	}
	var list strings.Builder
	for _, text := range slices.Sorted(maps.Keys(c.Errors)) {
		fmt.Fprintf(&list, "\n  %d times: %s", c.Errors[text], text)
	}
	return list.String()
}

// estimate is about how long it takes: a trial takes the window and some time to
// start and to end, or the whole budget where a request that lasts has to be cut.
func (p lostPlan) estimate() time.Duration {
	var sum time.Duration
	for _, k := range p.kinds() {
		for _, peer := range p.peers() {
			trial := p.window + 500*time.Millisecond
			if k.lasts && peer.name != ours && peer.name != exit {
				trial = p.budget
			}
			sum += time.Duration(p.runs) * trial / time.Duration(k.atOnce)
		}
	}
	return sum
}
