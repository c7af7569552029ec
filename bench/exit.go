package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

type exitPlan struct {
	runs         int
	delay, quiet time.Duration
}

// exitResult is how long processes with nothing in flight take to exit.
type exitResult struct {
	DelayMS float64   `json:"delay_ms"`
	QuietMS float64   `json:"quiet_ms"`
	Rows    []exitRow `json:"rows"`
}

// exitRow is one server with one kind of client.
type exitRow struct {
	Server string `json:"server"`
	Client string `json:"client"`
	Runs   int    `json:"runs"`
	// TailMS is from SIGTERM to the exit, without Delay: for ours at most
	// Quiet and a little more. Bare http.Server.Shutdown has no Delay.
	TailMS spread `json:"tail_ms"`
}

// An exitClient opens the connections that are there at SIGTERM and returns
// what closes them. All requests are answered, all connections accepted.
type exitClient struct {
	name string
	dial func(addr string) (hangUp func(), err error)
}

var exitClients = []exitClient{
	{"none", func(addr string) (func(), error) {
		return oneRequest(addr, engine.Once)
	}},
	{"one idle keep-alive connection", func(addr string) (func(), error) {
		return oneRequest(addr, engine.Kept)
	}},
	{"one connection on which nothing was sent", dialSilent},
}

// dialSilent opens a connection on which nothing is sent.
func dialSilent(addr string) (hangUp func(), err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	// Connections are accepted in order: once a later one is answered, the
	// silent one is no longer in the queue.
	_, err = oneRequest(addr, engine.Once)
	return func() { c.Close() }, err
}

// oneRequest makes a request, and with engine.Kept leaves its connection idle.
func oneRequest(addr string, use engine.Use) (hangUp func(), err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := session(c, gets, use)
	if _, err = exchange(s); err != nil || use == engine.Once {
		s.Close()
		return func() {}, err
	}
	return s.Close, nil
}

func measureExit(ctx context.Context, p plan, res *results) error {
	out := &exitResult{DelayMS: milliseconds(p.exit.delay), QuietMS: milliseconds(p.exit.quiet)}
	for _, r := range []role{{Kind: ours, Delay: p.exit.delay, Quiet: p.exit.quiet}, {Kind: shutdown}} {
		for _, client := range exitClients {
			p.progress("exit: %s, %s", r.name(), client.name)
			row, err := measureExitRow(ctx, r, client, p.exit.runs)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", r.name(), client.name, err)
			}
			out.Rows = append(out.Rows, row)
		}
	}
	res.Exit = out
	return nil
}

// measureExitRow times the exits one after the other. Those of Shutdown with
// a silent connection take 5 s each: they run at once, a few milliseconds
// more do not matter there.
func measureExitRow(ctx context.Context, r role, client exitClient, runs int) (exitRow, error) {
	tails := make([]float64, runs)
	errs := make([]error, runs)
	atOnce := r.Kind == shutdown && client.name == exitClients[2].name
	var group sync.WaitGroup
	for i := range runs {
		group.Go(func() {
			var took time.Duration
			took, errs[i] = timeExit(ctx, r, client)
			tails[i] = milliseconds(took - r.Delay)
		})
		if !atOnce {
			group.Wait()
		}
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return exitRow{}, err
		}
	}
	return exitRow{r.name(), client.name, runs, spreadOf(tails)}, nil
}

func timeExit(ctx context.Context, r role, client exitClient) (time.Duration, error) {
	c, err := startChild(ctx, r, 0)
	if err != nil {
		return 0, err
	}
	defer c.stop()
	hangUp, err := client.dial(c.addr)
	if err != nil {
		return 0, err
	}
	defer hangUp()
	return c.terminate(ctx)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
