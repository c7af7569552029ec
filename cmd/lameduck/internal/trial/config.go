package trial

import (
	"context"
	"io"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// Config is the settings of a trial.
type Config struct {
	// Open prepares the stage. Events that it sees go to emit, timed by clock.
	Open func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (Stage, error)

	Name         string // of the stage: lab or cluster
	Action       timeline.Action
	Spec         timeline.Spec // of the pod template
	Replicas     int
	Nodes        int // of the lab
	Seed         uint64
	Accuracy     time.Duration // of the events; see timeline.Run
	Rounds       int           // number of times to run the action; default 1
	ActTakes     time.Duration // how long an action takes, where that is known before
	ReadyTimeout time.Duration // how long to wait for the first answer
	// LowerRate allows a lower rate than that of Traffic where this machine does
	// not keep up with it, as the warm-up shows.
	LowerRate bool
	Traffic   traffic.Spec
	Note      func(string)   // takes a line for the user; may be nil
	Progress  func(Progress) // called a few times a second; may be nil
	// Save gets the run as a file of package timeline, while it is made; may be
	// nil. It begins when the traffic is warm, so a trial that could not run
	// writes nothing.
	Save io.Writer
}

// Progress is how far a trial has got.
type Progress struct {
	Phase    string
	Elapsed  time.Duration
	Left     time.Duration // about, until the last action has ended; 0: not known, before one has
	Attempts int
	Dropped  int
}

// Stage is where the pods run and the clients are: the lab, or a cluster.
type Stage interface {
	// Start returns when all pods are ready and connections are routed to them.
	Start(ctx context.Context) error
	// Load sends traffic to the Service, and some to a server beside it that
	// never terminates, until stop is called or ctx ends.
	Load(ctx context.Context, spec traffic.Spec, env traffic.Env) (stop func() error, err error)
	// Act runs the action once, to its end. A
	// *timeline.NeverReadyError means that a new pod did not become ready in time.
	Act(ctx context.Context) error
	Close() error
}

// A Stage may have a method Skews, how far the clocks of its nodes are from the
// one the run is timed by, and a method Uncontrolled, which explains the error that no attempt
// at the control target was served. Without this method the clients are
// sure to reach the control target, because it runs on the same machine. One
// that has a method Waiting shows with it which pod is waited for, and why.

// A CleanUpError is what a trial could not end or restore.
type CleanUpError struct{ Err error }

func (e *CleanUpError) Error() string { return e.Err.Error() }
func (e *CleanUpError) Unwrap() error { return e.Err }

// A SaveError is why a run could not be saved.
type SaveError struct{ Err error }

func (e *SaveError) Error() string { return "save run: " + e.Err.Error() }
func (e *SaveError) Unwrap() error { return e.Err }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
