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
// A duration of zero stands for its default, a negative one for none (0 s). The
// environment variables LAMEDUCK_DELAY, _QUIET, _SPREAD, _GRACE and _RESERVE, with
// values such as 10s or 1m30s, override these fields. A value that is negative or no
// duration, and a Delay that is not less than Grace - Reserve, is an error of Listen
// and Run, before anything is served.
type Process struct {
	Delay   time.Duration // lame duck: serve on for at least this long; default 10 s
	Quiet   time.Duration // and until no new connection has come for this long; default 2 s
	Spread  time.Duration // long-lived connections are asked to leave over this time; default 3 s
	Grace   time.Duration // terminationGracePeriodSeconds of the pod, less the time of a preStop sleep; default 30 s
	Reserve time.Duration // the last part of Grace, kept for closers: when it begins, what is in flight is cut; default 3 s

	FailReadiness bool         // [Ready] fails from T0 on: for load balancers that poll it, and for pods that the kubelet ends itself, whose endpoint stays
	Log           *slog.Logger // gets one record for each phase, in order, from another goroutine; default slog.Default()

	// Env is used instead of the environment for the variables LAMEDUCK_*: one string
	// for each, such as LAMEDUCK_DELAY=5s. Nil stands for os.Environ; []string{} turns
	// the variables off.
	Env []string
	// TerminationLog is the file that the termination message is written to, if the file
	// exists: terminationMessagePath of the container. Default /dev/termination-log;
	// os.DevNull for none.
	TerminationLog string

	// IsProbe, if set, reports whether a request that comes after T0 is a health check:
	// that is answered, and does not prolong the lame duck. The probes of the kubelet,
	// and requests that Ready, PreStop or Debug answers, are known without it. IsProbe is
	// called by the goroutine of the request, and not for gRPC that no http.Server serves.
	IsProbe func(*http.Request) bool

	// Observe, if set, is called at each change of phase, one call at a time and in
	// order. The termination does not wait for it, but before the closers and at the end:
	// a tenth of Reserve at most.
	Observe func(Status)

	// The rest is what run and the goroutines beside it share. It is in one struct although
	// it is much: only run takes the Process through its phases, so most of it needs no
	// lock, and a part of it in a struct of its own would have to know the rest.

	log          *slog.Logger // passes records on to Log
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
	running bool       // orders are carried out at once; guarded by mu
	early   order      // all orders that came before Run, in one; guarded by mu
	hookAt  time.Time  // T0 of the last preStop call that no stop signal followed; guarded by mu
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
	leave    term.Latch     // set when workers are asked to leave
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
// work, finish what it has begun and return. Its context ends at the cut. An error or a
// panic of the worker begins the termination of the Process and is an error of Run; a
// worker that returns nil does not end the Process. AddWorker panics after Run.
func (p *Process) AddWorker(name string, work func(context.Context) error) {
	p.adding("AddWorker")
	p.workers = append(p.workers, task.New(string(KindWorker), name, work))
}

// AddCloser adds a function that runs last, when nothing is in flight any more: closers
// run in reverse order of registration, as deferred calls do. Each is given an equal
// share of what is left of Grace, which is about Reserve at least. Its context ends
// shortly before that share is over. A closer that has not returned by the end of its
// share is cut: the next one runs, and a [CutError] has its name and its stack. An error
// or a panic of a closer is an error of Run, and the next one runs. AddCloser panics
// after Run.
func (p *Process) AddCloser(name string, closer func(context.Context) error) {
	p.adding("AddCloser")
	p.closers = append(p.closers, task.New(string(KindCloser), name, closer))
}

// An order asks the Process to end. The zero value does not.
type order struct {
	by    string // what gave it, as in Status.By
	hurry bool   // skip Delay and Quiet
	cut   bool   // end now
}

// watch is what other goroutines than that of run may ask about a Process, and what is
// done, or logged, only once.
type watch struct {
	phase    atomic.Pointer[Phase] // nil before Run
	cut      atomic.Int64
	warned   atomic.Bool // it was logged what will be cut
	observer program.Calls
	shutdown shutdown
	collect  sync.Once // the garbage collector was run
}

// A shutdown is the call of http.Server.Shutdown. Only we may call it, when no
// connection can carry a request any more, so that net/http starts the functions that
// were registered with RegisterOnShutdown.
type shutdown struct {
	once   sync.Once
	ours   atomic.Bool // we have called Shutdown
	others atomic.Bool // other code has called Shutdown or Close before
}

// ownerKey is the context key of the Process that a context belongs to. It is looked up
// for Ready, PreStop and Debug only, so its value is further from the request's context
// than the connection, which each request looks up.
var ownerKey any = new(byte)

// own returns ctx as a context that belongs to p.
func (p *Process) own(ctx context.Context) context.Context {
	if owner, _ := ctx.Value(ownerKey).(*Process); owner == p {
		return ctx
	}
	return context.WithValue(ctx, ownerKey, p)
}

// untilCut returns ctx as a context that belongs to p, and ends at the cut too.
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

// inFlight is all that has begun and not ended: on the open connections, and tasks and
// closers. The GracefulStop of a gRPC server waits for its streams, so it is named only
// if no stream is known.
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

// worked is called at the end of each of the tasks.
func (p *Process) worked() {
	p.working.End()
	p.conns.SignalEnd()
}
