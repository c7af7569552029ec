package main

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

type requestPlan struct{ pairs, calls int }

// requestResult is what one request costs, in nanoseconds and allocations.
type requestResult struct {
	// Path is only what lameduck adds to a request, called as net/http calls it: the
	// wrapped connection, the state hook, the handler.
	Path       pair `json:"path_ns"`
	PathAllocs pair `json:"path_allocs"`
	// OnSocket is the same where deadlines cost what those of a socket do, and
	// the rest still nothing: net/http sets six for each request.
	OnSocket pair `json:"path_on_socket_ns"`
	// Whole is a request through all of net/http on a connection in memory.
	// A bare one takes microseconds, so the difference is a coarse check.
	Whole       pair `json:"whole_ns"`
	WholeAllocs pair `json:"whole_allocs"`
}

func measureRequest(ctx context.Context, p plan, res *results) error {
	p.progress("request: %d pairs of samples of %d requests", p.request.pairs, p.request.calls)
	path, pathAllocs, err := comparePath(ctx, p.request, nil)
	if err != nil {
		return err
	}
	socket, err := newSocket()
	if err != nil {
		return err
	}
	defer socket.Close()
	onSocket, _, err := comparePath(ctx, p.request, socket)
	if err != nil {
		return err
	}
	whole, wholeAllocs, err := compareWhole(ctx, p.request)
	if err != nil {
		return err
	}
	res.Request = &requestResult{path, pathAllocs, onSocket, whole, wholeAllocs}
	return nil
}

// samples are costs of one request.
type samples struct{ ns, allocs []float64 }

// take runs n requests and notes what one cost: processor time where that is
// known, since a busy machine disturbs it less, else time.
func (s *samples) take(n int, requests func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, used := time.Now(), cpuTime()
	requests()
	took := time.Since(start)
	if used > 0 {
		took = cpuTime() - used
	}
	runtime.ReadMemStats(&after)
	s.ns = append(s.ns, float64(took.Nanoseconds())/float64(n))
	// The runtime itself allocates now and then: a hundredth is not ours.
	allocs := float64(after.Mallocs-before.Mallocs) / float64(n)
	s.allocs = append(s.allocs, math.Round(allocs*100)/100)
}

func comparePath(ctx context.Context, p requestPlan, deadlines deadliner) (ns, allocs pair, err error) {
	bare, err := newRequestPath(shutdown, deadlines)
	if err != nil {
		return pair{}, pair{}, err
	}
	our, err := newRequestPath(ours, deadlines)
	if err != nil {
		return pair{}, pair{}, err
	}
	ns, allocs, err = compare(ctx, p.pairs, p.calls,
		func() error { bare.requests(p.calls); return nil },
		func() error { our.requests(p.calls); return nil })
	return ns, allocs, errors.Join(err, bare.close(), our.close())
}

func compareWhole(ctx context.Context, p requestPlan) (ns, allocs pair, err error) {
	n := max(1, p.calls/10)
	bare, our := newMemServer(shutdown, hello), newMemServer(ours, hello)
	ns, allocs, err = compare(ctx, p.pairs, n,
		func() error { return bare.requests(n) },
		func() error { return our.requests(n) })
	return ns, allocs, errors.Join(err, bare.close(), our.close())
}

// compare takes samples of n requests in turns.
func compare(ctx context.Context, pairs, n int, bare, our func() error) (ns, allocs pair, err error) {
	var of [2]samples
	sample := func(i int, requests func() error) func() error {
		return func() (err error) {
			of[i].take(n, func() { err = requests() })
			if err == nil {
				err = context.Cause(ctx)
			}
			return err
		}
	}
	err = inTurns(pairs, sample(0, bare), sample(1, our))
	return pairOf(of[0].ns, of[1].ns), pairOf(of[0].allocs, of[1].allocs), err
}

func (s *memServer) requests(n int) error { return requestsInMemory(s.hand, n) }

// requestsInMemory has n requests served on one connection.
func requestsInMemory(hand func(net.Conn) error, n int) error {
	c := newMemConn(n, nil)
	if err := hand(c); err != nil {
		return err
	}
	<-c.gone
	return nil
}

// A requestPath is what net/http calls for a request on one connection,
// taken out of a running server.
type requestPath struct {
	conn    net.Conn // as net/http has it: wrapped, if it is ours
	state   func(net.Conn, http.ConnState)
	handler http.Handler
	request *http.Request
	buf     []byte
	server  *memServer
}

func (p *requestPath) close() error {
	p.conn.Close()
	return p.server.close()
}

// newRequestPath has a server set itself up and accept a connection, and
// takes that over: a handler that hijacks is given the connection of net/http. Its
// deadlines are set on deadlines, if that is not nil.
func newRequestPath(kind string, deadlines deadliner) (*requestPath, error) {
	path := make(chan *requestPath, 1)
	var served *memServer
	ready := make(chan struct{})
	served = newMemServer(kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if w, ok := w.(http.Hijacker); ok {
			<-ready
			conn, _, _ := w.Hijack()
			path <- &requestPath{conn, served.http.ConnState, served.http.Handler, r, make([]byte, 4096), served}
		}
	}))
	close(ready)
	c := &hollowConn{memConn: newMemConn(1, nil), deadlines: deadlines}
	if err := served.hand(c); err != nil {
		return nil, err
	}
	p := <-path
	c.hollow = true
	return p, nil
}

// requests calls what net/http 1.26 calls for a request without a body, in
// its order: conn.serve, readRequest, startBackgroundRead, abortPendingRead.
func (p *requestPath) requests(n int) {
	var never time.Time
	past := time.Unix(1, 0)
	answer := []byte("HTTP/1.1 200 OK\r\n\r\n")
	for range n {
		p.conn.Read(p.buf)
		p.conn.SetReadDeadline(never)
		p.conn.SetReadDeadline(never)
		if p.state != nil {
			p.state(p.conn, http.StateActive)
		}
		p.conn.Read(p.buf[:1])
		p.handler.ServeHTTP(hollowWriter{}, p.request)
		p.conn.Write(answer)
		p.conn.SetReadDeadline(past)
		p.conn.SetReadDeadline(never)
		p.conn.SetWriteDeadline(never)
		if p.state != nil {
			p.state(p.conn, http.StateIdle)
		}
		p.conn.SetReadDeadline(never)
	}
}

// A hollowConn becomes, once it is hollow, a connection that costs nothing, or
// only what its deadlines do.
type hollowConn struct {
	*memConn
	hollow    bool
	deadlines deadliner // nil: they cost nothing either
}

// A deadliner is what deadlines are set on.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// newSocket opens one for its deadlines.
func newSocket() (net.PacketConn, error) { return net.ListenPacket("udp", "127.0.0.1:0") }

func (c *hollowConn) Read(b []byte) (int, error) {
	switch {
	case !c.hollow:
		return c.memConn.Read(b)
	case len(b) == 1:
		return 0, os.ErrDeadlineExceeded
	}
	return len(c.request), nil
}

func (c *hollowConn) SetReadDeadline(t time.Time) error {
	switch {
	case !c.hollow:
		return c.memConn.SetReadDeadline(t)
	case c.deadlines == nil:
		return nil
	}
	return c.deadlines.SetReadDeadline(t)
}

func (c *hollowConn) SetWriteDeadline(t time.Time) error {
	if !c.hollow || c.deadlines == nil {
		return nil
	}
	return c.deadlines.SetWriteDeadline(t)
}

// A hollowWriter is not the one to hijack.
type hollowWriter struct{}

func (hollowWriter) Header() http.Header         { return nil }
func (hollowWriter) Write(b []byte) (int, error) { return len(b), nil }
func (hollowWriter) WriteHeader(int)             {}
