package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/control"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// session is one load of a worker.
type session struct {
	work    wire.Assignment
	clock   timeline.Clock
	out     *outbox
	env     traffic.Env
	ctx     context.Context
	ending  context.Context // of the worker: it ends, for any reason
	abort   context.CancelFunc
	stopped chan struct{}
	stop    func()        // begins no more attempts
	over    chan struct{} // closed when it has ended

	complete bool // valid once over: it was not aborted

	mu    sync.Mutex
	tally wire.Tally
}

func newSession(ctx context.Context, a wire.Assignment, clock timeline.Clock, out *outbox) (*session, error) {
	s := &session{
		work: a, clock: clock, out: out, ending: ctx, tally: wire.Tally{},
		stopped: make(chan struct{}), over: make(chan struct{}),
	}
	if len(a.Targets) == 0 {
		return nil, errors.New("start command without a target")
	}
	if err := a.Spec.Check(); err != nil {
		return nil, err
	}
	s.env = traffic.Env{Clock: s.clock, Record: s.record}
	for _, address := range a.Targets {
		s.env.Dial = append(s.env.Dial, traffic.DialTo(address))
	}
	s.stop = sync.OnceFunc(func() { close(s.stopped) })
	s.ctx, s.abort = context.WithCancel(ctx)
	return s, nil
}

func (s *session) ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// run is the whole of the load. The recorded attempts are sent before their
// count.
func (s *session) run() {
	defer close(s.over)
	defer s.abort()
	if s.begin() {
		loads := s.loads()
		s.untilStopped()
		for _, l := range loads {
			l.Stop()
		}
	}
	s.complete = s.ctx.Err() == nil
	if s.ending.Err() != nil && !s.complete {
		return // a worker that ends during a run is not done: it is lost
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.finish(wire.Message{Done: &wire.Done{Counts: s.tally.Counts()}})
}

// begin waits for the moment to begin. It is false if the load has ended
// before.
func (s *session) begin() bool {
	if s.work.Spec.Rate == 0 {
		s.untilStopped()
		return false
	}
	select {
	case <-time.After(s.work.Begin - s.clock.Now()):
		return true
	case <-s.stopped:
	case <-s.ctx.Done():
	}
	return false
}

func (s *session) untilStopped() {
	select {
	case <-s.stopped:
	case <-s.ctx.Done():
	}
}

// loads starts the traffic, and that at the control target.
func (s *session) loads() []*traffic.Load {
	loads := []*traffic.Load{traffic.Start(s.ctx, s.work.Spec.Detect(s.ctx, s.env), s.env)}
	if s.work.Control != "" {
		loads = append(loads, control.Load(s.ctx, s.work.Spec, s.env, traffic.DialTo(s.work.Control)))
	}
	return loads
}

// record takes an attempt of either load.
func (s *session) record(a timeline.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.Add(&a)
	s.out.record(a)
}
