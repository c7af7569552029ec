package lameduck

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// The phases of a Process, in their order. A preStop call that no stop signal
// follows leads from the lame duck back to serving; there is a cut only if
// something is cut.
const (
	phaseServing   = "serving"
	phaseLameDuck  = "lame duck"
	phaseFinishing = "finishing"
	phaseCut       = "cut"
	phaseClosers   = "closers"
	phaseEnded     = "ended"
)

// A Status is what a Process is doing at one moment: see [Process.Status].
// Its JSON is that of [Debug].
type Status struct {
	// Phase is "serving"; "lame duck" from T0 on; "finishing" when the
	// listeners are closed and what is in flight finishes; "cut" if some of it
	// does not; "closers"; and "ended". It is empty before Run.
	Phase string    `json:"phase"`
	By    string    `json:"by,omitempty"` // who began the termination: SIGTERM, preStop, ...; empty while serving
	T0    time.Time `json:"t0,omitzero"`  // when it began; zero while serving

	Connections     int `json:"connections"`      // open, idle ones too
	LateConnections int `json:"late_connections"` // that came after T0, with a request that was no probe
	LateRequests    int `json:"late_requests"`    // that came after T0, probes not counted
	ClosedIdle      int `json:"closed_idle"`      // silent connections closed by us, whose clients had not been told to leave
	Cut             int `json:"cut"`              // requests, hijacked connections, workers and closers ended before they were done

	InFlight []Work `json:"in_flight"` // oldest first
}

// A Work is something that has begun and not ended: a termination waits for
// it until the cut.
type Work struct {
	// Kind is "request", "hijacked connection", "connection" (of ServeConn),
	// "stream" (of gRPC), "gRPC server" (which waits, and no stream of it is
	// known), "worker" or "closer".
	Kind string `json:"kind"`
	// Name is that of the worker or closer, and of a request its method with
	// the pattern of http.ServeMux, if that is the server's Handler, or else the
	// path; never the query. A hijacked connection has that of its request.
	Name string `json:"name"`
	Peer string `json:"peer,omitempty"` // the client's address

	// Since is when it began. It is zero for a request that began before T0:
	// no clock is read for a request while all is well.
	Since time.Time `json:"since,omitzero"`
}

// watch is what is to be known about a Process from outside.
type watch struct {
	phase    atomic.Pointer[string] // nil before Run
	cut      atomic.Int64
	warned   atomic.Bool // what will be cut was told
	observer program.Calls
	shutdown shutdown
	collect  sync.Once // the garbage collector was run
}

// Status returns what p is doing now. It may be called at any time, by any
// goroutine, and is meant for metrics and pages: it takes no lock that a
// request waits for, and looks at each connection once.
func (p *Process) Status() Status {
	s, _ := p.status(nil)
	return s
}

// status is Status without one request, that of whoever asks; and the termination
// that it is about, nil while serving.
func (p *Process) status(without func(piece) bool) (Status, *term.Termination) {
	phase := p.watch.phase.Load()
	if phase == nil {
		return Status{}, nil
	}
	// The phase follows the termination, a moment later.
	d := p.state.Current.Load()
	switch {
	case d == nil:
		phase = new(phaseServing)
	case *phase == phaseServing:
		phase = new(phaseLameDuck)
	}
	return p.statusIn(*phase, d, without), d
}

func (p *Process) statusIn(phase string, d *term.Termination, without func(piece) bool) Status {
	open := p.conns.List()
	s := Status{
		Phase:       phase,
		Connections: len(open),
		ClosedIdle:  int(p.conns.ClosedIdle.Load()),
		Cut:         int(p.watch.cut.Load()),
		InFlight:    []Work{}, // an array in JSON, also when empty
	}
	if d != nil {
		s.By, s.T0 = d.By, d.T0
		s.LateConnections, s.LateRequests = int(d.LateConns.Load()), int(d.LateReqs.Load())
	}
	for _, x := range p.inFlight(open) {
		if without == nil || !without(x) {
			s.InFlight = append(s.InFlight, x.Work)
		}
	}
	sortWork(s.InFlight, s.T0)
	return s
}

// enter takes p into its next phase. Only the goroutine of run does that.
func (p *Process) enter(phase string, d *term.Termination) {
	p.watch.phase.Store(&phase)
	if p.Observe != nil {
		s := p.statusIn(phase, d, nil)
		p.call(&p.watch.observer, "Observe", func() { p.Observe(s) })
	}
}
