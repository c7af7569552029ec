package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// A trial is one termination of one server, with clients of one kind. The
// endpoint is removed as in a cluster: for each client there is a moment after
// SIGTERM from which on its new connections go to another server. Established
// connections stay.
type trial struct {
	role      role
	kind      kind
	elsewhere elsewhere
	clients   int
	views     time.Duration // the moments are spread evenly from SIGTERM to here

	target *child
	t0     atomic.Pointer[time.Time] // of SIGTERM; nil before
}

// An outcome is the result of a trial.
type outcome struct {
	tally
	took   time.Duration // from SIGTERM to the exit
	killed bool          // the server had not exited at the end of its budget
	stall  time.Duration // the longest time for which this process got no processor meanwhile
}

// A tally counts the requests of clients, and those that failed.
type tally struct {
	requests int64
	broken   map[string]int64 // by the error of the client
}

func (t *tally) add(other tally) {
	t.requests += other.requests
	if t.broken == nil {
		t.broken = map[string]int64{}
	}
	for text, n := range other.broken {
		t.broken[text] += n
	}
}

// maxWait is how long clients may take to notice that a server has exited.
const maxWait = 20 * time.Second

func (s *trial) run(ctx context.Context) (*outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	target, err := startChild(ctx, s.role, 0)
	if err != nil {
		return nil, err
	}
	defer target.stop()
	s.target = target

	clients := make([]*client, s.clients)
	var group sync.WaitGroup
	defer group.Wait() // after cancel, which ends the clients that still wait
	defer cancel()
	for i := range clients {
		clients[i] = newClient(s)
		group.Go(func() {
			defer clients[i].warmed()
			s.kind.run(ctx, clients[i])
		})
	}
	if err := s.warmUp(ctx, clients); err != nil {
		return nil, err
	}
	out, err := s.terminate(ctx)
	if err != nil {
		return nil, err
	}
	if err := waitFor(&group, maxWait); err != nil {
		return nil, err
	}
	for _, c := range clients {
		if c.tooEarly != nil {
			return nil, fmt.Errorf("before SIGTERM: %w", c.tooEarly)
		}
		out.add(c.tally)
	}
	return out, nil
}

func (s *trial) terminate(ctx context.Context) (*outcome, error) {
	longest := watchStalls(2 * s.role.Delay) // by then the server has exited, or all new connections go to the other one
	s.t0.Store(new(time.Now()))
	took, killed, err := s.target.terminateWithin(ctx, s.role.Grace+killAfter)
	return &outcome{took: took, killed: killed, stall: longest()}, err
}

// warmUp waits until every client has had an answer, and then a little longer, so
// that the clients do not all send at the same moment.
func (s *trial) warmUp(ctx context.Context, clients []*client) error {
	timeout := time.After(maxWait)
	for _, c := range clients {
		select {
		case <-c.warm:
		case <-timeout:
			return fmt.Errorf("a client has had no answer for %v", maxWait)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	time.Sleep(settle)
	return nil
}

// settle is the time between the warm-up and SIGTERM. Some peers register for
// signals only after they have begun to serve.
const settle = 100 * time.Millisecond

func waitFor(group *sync.WaitGroup, limit time.Duration) error {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("a client has not noticed for %v that its server has exited", limit)
	}
}

// A kind is a kind of client.
type kind struct {
	name    string // as the tables have it
	table   string
	proto   proto
	clients int  // by default
	atOnce  int  // trials that this machine can run at the same time
	late    bool // some of its nodes learn of the removal when the window is over
	lasts   bool // its request ends when the server asks for that, or is cut

	// run makes requests until all connections of the client are to the other
	// server, or ctx ends.
	run func(ctx context.Context, c *client)
}

// A client is one of a kind: one connection, or one pool of them.
type client struct {
	trial  *trial
	view   time.Duration // after SIGTERM: when its node learns of the removal
	warm   chan struct{} // closed after its first answer, or when there will be none
	warmed func()        // closes it

	mu       sync.Mutex
	tally    tally
	tooEarly error // a failure before SIGTERM: the bench is at fault
}

func newClient(s *trial) *client {
	c := &client{trial: s, warm: make(chan struct{}), tally: tally{broken: map[string]int64{}}}
	c.view = time.Duration(rand.Float64() * float64(s.views))
	c.warmed = sync.OnceFunc(func() { close(c.warm) })
	return c
}

// moved reports whether the client's new connections go to the other server.
func (c *client) moved() bool {
	t0 := c.trial.t0.Load()
	return t0 != nil && time.Since(*t0) >= c.view
}

// dial opens a connection as a client of the Service would.
func (c *client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if !c.moved() {
		conn, err := c.dialHere(ctx, "", "")
		if !errors.Is(err, errMoved) {
			return conn, err
		}
	}
	return new(net.Dialer).DialContext(ctx, "tcp", c.trial.elsewhere[c.trial.kind.proto])
}

// dialHere opens a connection to the server that terminates. If it fails and the
// client has moved meanwhile, the error is errMoved: in a cluster the first packet
// may have gone to the other server.
func (c *client) dialHere(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.trial.target.addr)
	if err != nil && c.moved() {
		return nil, errMoved
	}
	return conn, err
}

var errMoved = errors.New("moved elsewhere")

// saw notes the end of one request. A request that ended with the trial does not
// count.
func (c *client) saw(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, errMoved) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.requests++
	switch {
	case err == nil:
		c.warmed()
	case c.trial.t0.Load() == nil:
		c.tooEarly = cmp.Or(c.tooEarly, err)
		c.warmed()
	default:
		c.tally.broken[errorText(err)]++
	}
}

// errorText is the text of an error without the addresses, so that equal errors
// are counted together.
func errorText(err error) string {
	text := addresses.ReplaceAllString(err.Error(), "ADDR")
	return text[:min(len(text), 200)]
}

var addresses = regexp.MustCompile(`[\d.]+:\d+`)

// pause waits, and reports whether the trial goes on.
func pause(ctx context.Context, wait time.Duration) bool {
	if wait == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// about is a random time, between half of d and one and a half times d.
func about(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return d/2 + rand.N(d)
}
