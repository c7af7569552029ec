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

// A scene is one termination of one server, with clients of one kind. The
// endpoint is removed as in a cluster: each client has its own moment, after
// SIGTERM, from which on its new connections go elsewhere. Those it has stay.
type scene struct {
	role      role
	kind      kind
	elsewhere elsewhere
	clients   int
	views     time.Duration // the moments are spread evenly from SIGTERM to here

	target *child
	t0     atomic.Pointer[time.Time] // of SIGTERM; nil before
}

// An act is what a scene came to.
type act struct {
	tally
	took   time.Duration // from SIGTERM to the exit
	killed bool          // it was there at the end of its budget, and so was killed
	stall  time.Duration // the longest that this process did not come to run meanwhile
}

// A tally is what clients saw.
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

// patience is how long clients may take to notice that a server is gone.
const patience = 20 * time.Second

func (s *scene) play(ctx context.Context) (*act, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	target, err := startChild(ctx, s.role, 0)
	if err != nil {
		return nil, err
	}
	defer target.stop()
	s.target = target

	cast := make([]*client, s.clients)
	var group sync.WaitGroup
	defer group.Wait() // after cancel, which ends the clients that still wait
	defer cancel()
	for i := range cast {
		cast[i] = newClient(s)
		group.Go(func() {
			defer cast[i].met()
			s.kind.visit(ctx, cast[i])
		})
	}
	if err := s.rehearse(ctx, cast); err != nil {
		return nil, err
	}
	out, err := s.terminate(ctx)
	if err != nil {
		return nil, err
	}
	if err := waitFor(&group, patience); err != nil {
		return nil, err
	}
	for _, c := range cast {
		if c.tooEarly != nil {
			return nil, fmt.Errorf("before SIGTERM: %w", c.tooEarly)
		}
		out.add(c.tally)
	}
	return out, nil
}

func (s *scene) terminate(ctx context.Context) (*act, error) {
	longest := watchStalls(2 * s.role.Delay) // by then the server has left, or has not and all have moved
	s.t0.Store(new(time.Now()))
	took, killed, err := s.target.terminateWithin(ctx, s.role.Grace+mercy)
	return &act{took: took, killed: killed, stall: longest()}, err
}

// rehearse waits until every client has had an answer, and then until all of
// them are out of step.
func (s *scene) rehearse(ctx context.Context, cast []*client) error {
	timeout := time.After(patience)
	for _, c := range cast {
		select {
		case <-c.warm:
		case <-timeout:
			return fmt.Errorf("a client has had no answer for %v", patience)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	time.Sleep(settle)
	return nil
}

// settle is how long a server and its clients are left alone before SIGTERM.
// Some peers ask for signals only when they serve already.
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
		return fmt.Errorf("a client has not noticed for %v that its server is gone", limit)
	}
}

// A kind is a kind of client.
type kind struct {
	name    string // as the tables have it
	table   string
	proto   proto
	clients int  // by default
	atOnce  int  // scenes of it that this machine can play at once
	late    bool // some of its nodes learn of the removal when the window is over
	lasts   bool // it is served until the server leaves, or is cut

	// visit makes requests until the client has moved and has nothing left
	// here, or ctx ends.
	visit func(ctx context.Context, c *client)
}

// A client is one of a kind: one connection, or one pool of them.
type client struct {
	scene *scene
	view  time.Duration // after SIGTERM: when its node learns of the removal
	warm  chan struct{} // closed when it has met the server
	met   func()        // closes it

	mu       sync.Mutex
	tally    tally
	tooEarly error // a failure before SIGTERM: the bench is at fault
}

func newClient(s *scene) *client {
	c := &client{scene: s, warm: make(chan struct{}), tally: tally{broken: map[string]int64{}}}
	c.view = time.Duration(rand.Float64() * float64(s.views))
	c.met = sync.OnceFunc(func() { close(c.warm) })
	return c
}

// moved reports whether the client's new connections go elsewhere.
func (c *client) moved() bool {
	t0 := c.scene.t0.Load()
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
	return new(net.Dialer).DialContext(ctx, "tcp", c.scene.elsewhere[c.scene.kind.proto])
}

// dialHere is for a client that has just seen that it has not moved, and ends
// when it has. One that moves while it dials fails with errMoved: its first
// packet may have been sent too late, by which it would have gone elsewhere.
func (c *client) dialHere(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.scene.target.addr)
	if err != nil && c.moved() {
		return nil, errMoved
	}
	return conn, err
}

var errMoved = errors.New("moved elsewhere")

// saw notes the end of one request. A client that had to give up because the scene
// was over saw nothing.
func (c *client) saw(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, errMoved) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.requests++
	switch {
	case err == nil:
		c.met()
	case c.scene.t0.Load() == nil:
		c.tooEarly = cmp.Or(c.tooEarly, err)
		c.met()
	default:
		c.tally.broken[errorText(err)]++
	}
}

// errorText is what is the same about an error the next time it comes.
func errorText(err error) string {
	text := addresses.ReplaceAllString(err.Error(), "ADDR")
	return text[:min(len(text), 200)]
}

var addresses = regexp.MustCompile(`[\d.]+:\d+`)

// pause waits, and reports whether the scene goes on.
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

// about is half of d to one and a half times d.
func about(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return d/2 + rand.N(d)
}
