// Package trial conducts one trial: a stage with pods, traffic at it, an
// action that terminates pods, and all that was seen of it on one clock.
package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Config is what to try.
type Config struct {
	Workload          *manifest.Workload
	Command           []string // the program and its arguments
	ReadyByConnecting bool     // there is no manifest: a pod is ready when it accepts a connection
	Action            lab.Action
	Rounds            int // how often; default 1
	Nodes             int
	Propagation       lab.Profile
	ReadyTimeout      time.Duration
	Seed              uint64
	Patterns          []traffic.Pattern
	Rate              int // attempts per second and pattern
	Method, Path      string
	Log               io.Writer      // what the pods print
	Progress          func(Progress) // called a few times a second; default: nobody
}

// Progress is how far a trial is.
type Progress struct {
	Phase    string
	Elapsed  time.Duration
	Attempts int
	Dropped  int
}

// stage is where the pods run: the lab, or a cluster.
type stage interface {
	// Start returns when all pods are ready and clients are sent to them.
	Start(ctx context.Context) error
	// Act carries out the action once, to its end.
	Act(ctx context.Context) error
	// Dial connects as a client of the Service behind this node does.
	Dial(ctx context.Context, node int) (net.Conn, string, error)
	Close() error
}

const (
	warmUp  = time.Second            // traffic before the first action: latencies have something to compare with
	tail    = 500 * time.Millisecond // traffic after the last
	refresh = 100 * time.Millisecond // between two calls of Progress
)

// Run conducts a trial. The error says why it could not be conducted; drops
// are no error. If a new pod never becomes ready in the middle of an action
// the trial ends there, and the run tells. Nothing is left running.
func Run(ctx context.Context, cfg Config) (run *timeline.Run, err error) {
	cfg.Rounds = max(1, cfg.Rounds)
	rec := newRecorder(cfg)
	defer rec.watch(ctx)()

	rec.phase("starting")
	control, err := startControl(ctx)
	if err != nil {
		return nil, fmt.Errorf("control target: %w", err)
	}
	defer control.Close()
	stage, err := newLabStage(cfg, rec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err := stage.Start(ctx); err != nil {
		return nil, err
	}
	if err := conduct(ctx, cfg, stage, control, rec); err != nil {
		return nil, err
	}
	return rec.run(), nil
}

// conduct sends the traffic and acts under it.
func conduct(ctx context.Context, cfg Config, s stage, control *control, rec *recorder) error {
	loadCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	loads := []*traffic.Load{
		traffic.Start(loadCtx, load(cfg, s, rec)),
		traffic.Start(loadCtx, control.load(cfg, rec)),
	}
	err := act(ctx, cfg, s, rec)
	rec.phase("finishing")
	for _, l := range loads {
		l.Stop()
	}
	return err
}

func act(ctx context.Context, cfg Config, s stage, rec *recorder) error {
	rec.phase("warming up")
	if err := rec.warmUp(ctx, cfg.ReadyTimeout); err != nil {
		return err
	}
	for round := range cfg.Rounds {
		rec.phase(fmt.Sprintf("%s %d of %d", cfg.Action, round+1, cfg.Rounds))
		err := s.Act(ctx)
		if _, never := errors.AsType[*lab.NeverReadyError](err); never {
			break // a finding, and the next round would only find it again
		}
		if err != nil {
			return err
		}
	}
	return sleep(ctx, tail)
}

// load is the traffic at the stage.
func load(cfg Config, s stage, rec *recorder) traffic.Config {
	return traffic.Config{
		Patterns: cfg.Patterns, Rate: cfg.Rate, Method: cfg.Method, Path: cfg.Path,
		Host: cfg.Workload.Name, Dial: dialers(cfg.Nodes, s), Clock: rec.clock, Record: rec.attempt,
	}
}

func dialers(nodes int, s stage) []traffic.Dialer {
	all := make([]traffic.Dialer, nodes)
	for node := range all {
		all[node] = func(ctx context.Context) (net.Conn, string, error) { return s.Dial(ctx, node) }
	}
	return all
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
