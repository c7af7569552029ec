package lameduck

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/task"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// A Process is all that one process serves and all that must end in order:
// servers, background workers, closers. Set its fields and add its parts,
// then call [Process.RunUntilSignal] or [Process.Run], once. The zero value
// is ready to use; adding a part later panics.
//
// A duration of zero stands for its default, a negative one for none. The
// environment variables LAMEDUCK_DELAY, _QUIET, _SPREAD, _GRACE and _RESERVE, such
// as 10s or 1m30s, override them. A value that cannot be parsed, and a Delay that does
// not fit into Grace - Reserve, is an error of Listen and Run, before anything is
// served.
type Process struct {
	Delay   time.Duration // lame duck: serve on for at least this long; default 10 s
	Quiet   time.Duration // and until no new connection came for this long; default 2 s
	Spread  time.Duration // long-lived connections are asked to leave over this time; default 3 s
	Grace   time.Duration // terminationGracePeriodSeconds of the pod, less a preStop sleep; default 30 s
	Reserve time.Duration // of Grace, kept for closers; what is in flight is cut before it; default 3 s

	FailReadiness bool         // [Ready] fails from T0 on: for load balancers that poll, and kills the kubelet starts itself
	Log           *slog.Logger // one record a phase, written in order in another goroutine; default slog.Default()

	// Env are the variables, each as LAMEDUCK_DELAY=5s, instead of those of the
	// environment. Nil stands for os.Environ; []string{} turns the variables off.
	Env []string
	// TerminationLog is the file for the termination message, terminationMessagePath
	// of the container, if it exists. Default /dev/termination-log; os.DevNull for none.
	TerminationLog string

	// IsProbe, if set, reports whether a request after T0 is a health check. Those of
	// the kubelet, and what Ready, PreStop and Debug answer, are known. A probe is
	// answered, and does not prolong the lame duck. It is called by the goroutine of
	// the request; gRPC that is not served by an http.Server has none.
	IsProbe func(*http.Request) bool

	// Observe, if set, is called at each change of phase, one call at a time and in
	// order, while the termination goes on. Before the closers and at the end its
	// calls are waited for, for a tenth of Reserve at most.
	Observe func(Status)

	// The rest is what run and the goroutines beside it share. It is in one struct although
	// it is much: only run takes the Process through its phases, so most of it needs no
	// lock, and a part that had its own would have to know the rest.

	log          *slog.Logger // which passes on to Log
	servers      []*server
	health       []*healthServer
	members      term.Members
	healthFailed bool       // of the goroutine of run
	cuts         *cutReport // of the goroutine of run, nil before the cut
	workers      []*task.Task
	closers      []*task.Task

	opening   sync.Mutex // held while listeners are opened
	listenErr error      // of Listen

	mu      sync.Mutex // orders begin and resume
	running bool       // orders are obeyed; guarded by mu
	early   order      // those that came before, in one; guarded by mu
	hookAt  time.Time  // T0 of the last preStop call that was taken back; guarded by mu
	ran     atomic.Bool
	state   term.State
	conns   link.Set
	env     *link.Env // of the connections
	watch   watch

	began    chan struct{} // has an element when a termination has begun
	failures chan error    // of servers and workers
	clocks   term.Clocks
	hard     context.Context // ends at the cut
	cut      context.CancelCauseFunc
	leave    term.Latch     // workers are asked to leave
	serving  term.Countdown // of listeners whose accept queue may hold something
	working  term.Countdown // of tasks
}

// adding panics if p was run: what is added then would be neither served nor waited
// for.
func (p *Process) adding(method string) {
	if p.ran.Load() {
		panic("lameduck: Process." + method + " after Run or RunUntilSignal: add all parts of a Process before it is run")
	}
}

// AddWorker adds a background worker; name is for the log and for errors. When
// [Draining] of its context closes, at the stop signal, the worker should take no new
// work, finish what it holds and return. Its context ends at the cut. An error, or a
// panic, begins the termination of the Process and is an error of Run; a worker that
// returns nil ends nothing. AddWorker panics after Run.
func (p *Process) AddWorker(name string, work func(context.Context) error) {
	p.adding("AddWorker")
	p.workers = append(p.workers, task.New(string(KindWorker), name, work))
}

// AddCloser adds what runs last, when nothing is in flight any more: closers
// run in reverse order of registration, as deferred calls do. Each is given
// an equal share of what is left of Grace, which is Reserve at least; its
// context ends with that share, and one that does not return by then is left
// behind, named with its stack in a [CutError]. Neither that nor an error or a panic,
// which is an error of Run, keeps the next one from its share. AddCloser panics after
// Run.
func (p *Process) AddCloser(name string, closer func(context.Context) error) {
	p.adding("AddCloser")
	p.closers = append(p.closers, task.New(string(KindCloser), name, closer))
}

// An order is to end the Process: it begins the termination, named by. The zero
// value is none.
type order struct {
	by    string
	hurry bool // skip Delay and Quiet
	cut   bool // end now
}

// watch is what is to be known about a Process from outside.
type watch struct {
	phase    atomic.Pointer[Phase] // nil before Run
	cut      atomic.Int64
	warned   atomic.Bool // what will be cut was logged
	observer program.Calls
	shutdown shutdown
	collect  sync.Once // the garbage collector was run
}

// A shutdown is the call of http.Server.Shutdown, which is ours alone, once
// no connection can carry a request any more. It starts the hooks that were
// registered with RegisterOnShutdown.
type shutdown struct {
	once   sync.Once
	ours   atomic.Bool // it was called by us
	others atomic.Bool // other code has called it, or Close, before
}

// ownerKey is the context key of the Process that a context is of. It is looked
// up for probes, hooks and Debug only, so it is further from the request than the
// connection is.
var ownerKey any = new(byte)

// own returns ctx as one of p.
func (p *Process) own(ctx context.Context) context.Context {
	if owner, _ := ctx.Value(ownerKey).(*Process); owner == p {
		return ctx
	}
	return context.WithValue(ctx, ownerKey, p)
}

// untilCut returns ctx as one of p, with a second end: the cut.
func (p *Process) untilCut(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(p.own(ctx))
	context.AfterFunc(p.hard, func() { cancel(context.Cause(p.hard)) })
	return ctx
}

// tasks are all that is not a connection and must end before the closers run.
func (p *Process) tasks() []*task.Task {
	all := slices.Clone(p.workers)
	for _, s := range p.servers {
		if s.finish != nil {
			all = append(all, s.finish)
		}
	}
	return all
}

// inFlight is all that has begun and not ended, on the open connections and
// beside them. A gRPC server waits for its streams: it is only something of
// its own if there are none.
func (p *Process) inFlight(open []*link.Conn) []item {
	all := requests(open)
	streams := slices.ContainsFunc(all, func(x item) bool { return x.Kind == KindStream })
	for _, t := range slices.Concat(p.tasks(), p.closers) {
		if since, running := t.Since(); running && !(streams && Kind(t.Kind) == KindGRPCServer) {
			all = append(all, item{Work: Work{Kind: Kind(t.Kind), Name: t.Name, Since: since}, id: t})
		}
	}
	return all
}

// worked is called at the end of each task.
func (p *Process) worked() {
	p.working.End()
	p.conns.SignalEnd()
}
