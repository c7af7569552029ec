// Command soak terminates one process after the other while clients of every
// protocol go on, as rolling updates without a pause do:
//
//	soak [-terminations 1000] [-chains 2]
//
// A process serves all protocols of the examples at once. It gets SIGTERM; new
// connections go to its successor a moment later, and when it has exited its successor
// gets SIGTERM. The counts are printed as JSON, by protocol. Exit codes:
// 0 nothing was lost and every process exited with 0, 1 else, 2 usage, 3 could
// not run, or could not tell: the machine was so late that new connections were sent
// to a process that may have closed its listener.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/examples/load"
)

func main() {
	serveIfChild()
	terminations := flag.Int("terminations", 1000, "how many, over all chains")
	chains := flag.Int("chains", 2, "successions of processes at the same time, each with clients of its own")
	flag.Parse()
	if flag.NArg() > 0 || *terminations < 1 || *chains < 1 {
		fmt.Fprintln(os.Stderr, "usage: soak [-terminations N] [-chains N]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &soak{wanted: int64(*terminations), loads: map[string]*load.Tally{}}
	err := s.run(ctx, *chains)
	s.print()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(3)
	case s.lost() > 0 && s.failed.Load() == 0 && s.late.Load() > 0:
		fmt.Fprintln(os.Stderr, "soak: clients lost something, and this machine may be why\nhint: run it when the machine is less busy")
		os.Exit(3)
	case s.lost() > 0 || s.failed.Load() > 0:
		os.Exit(1)
	}
}

// A soak is what all chains have done so far.
type soak struct {
	wanted int64
	begun  atomic.Int64 // terminations
	ended  atomic.Int64
	failed atomic.Int64 // of them, with an exit code that was not 0
	late   atomic.Int64 // of them, whose successor got its first connections too late
	loads  map[string]*load.Tally
}

func (s *soak) run(ctx context.Context, chains int) error {
	for name := range protocols {
		s.loads[name] = new(load.Tally)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, chains)
	var group sync.WaitGroup
	for i := range chains {
		group.Go(func() {
			if errs[i] = s.chain(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	done := make(chan struct{})
	go s.progress(done)
	group.Wait()
	close(done)
	return errors.Join(errs...)
}

func (s *soak) progress(done chan struct{}) {
	start := time.Now()
	for {
		select {
		case <-time.After(10 * time.Second):
			fmt.Fprintf(os.Stderr, "soak: %v: %d of %d terminations, %d attempts, %d lost\n",
				time.Since(start).Round(time.Second), s.ended.Load(), s.wanted, s.attempts(), s.lost())
		case <-done:
			return
		}
	}
}

func (s *soak) attempts() (n int) {
	for _, t := range s.loads {
		n += t.Result().Attempts
	}
	return n
}

func (s *soak) lost() (n int) {
	for _, t := range s.loads {
		n += t.Result().Lost
	}
	return n
}

func (s *soak) print() {
	results := map[string]load.Result{}
	for name, t := range s.loads {
		results[name] = t.Result()
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.Encode(map[string]any{
		"version": 1, "terminations": s.ended.Load(), "bad_exits": s.failed.Load(), "late": s.late.Load(),
		"attempts": s.attempts(), "lost": s.lost(), "protocols": results,
	})
}
