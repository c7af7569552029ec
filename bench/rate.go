package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type ratePlan struct {
	pairs, conns, procs int
	round               time.Duration
}

// rateResult is requests per second over keep-alive connections on loopback,
// and the server's processor time for one.
type rateResult struct {
	Conns    int   `json:"connections"`
	Procs    int   `json:"server_gomaxprocs"`
	Requests int64 `json:"requests"`
	Rate     pair  `json:"requests_per_second"`
	CPU      *pair `json:"server_cpu_us_per_request,omitempty"`
}

// A raceServer is one of the two servers, its clients, and what was seen.
type raceServer struct {
	*child
	load      []*rawClient
	requests  int64
	rate, cpu []float64
}

// measureRate gives each server fewer processors than the client has, and
// the client as little to do as possible, so that the server is what limits.
func measureRate(ctx context.Context, p plan, res *results) error {
	p.progress("rate: %d pairs of rounds of %v", p.rate.pairs, p.rate.round)
	var servers [2]*raceServer
	for i, r := range []role{{Kind: shutdown}, {Kind: ours}} {
		s, err := newRaceServer(ctx, r, p.rate)
		if err != nil {
			return err
		}
		defer s.stop()
		defer s.hangUp()
		servers[i] = s
	}
	bare, our := servers[0], servers[1]
	for _, s := range servers {
		if err := s.round(p.rate.round); err != nil { // a first round that does not count
			return err
		}
		s.requests, s.rate, s.cpu = 0, nil, nil
	}
	err := inTurns(p.rate.pairs,
		func() error { return bare.round(p.rate.round) },
		func() error { return our.round(p.rate.round) })
	if err != nil {
		return err
	}
	res.Rate = &rateResult{Conns: p.rate.conns, Procs: p.rate.procs,
		Requests: bare.requests + our.requests, Rate: pairOf(bare.rate, our.rate)}
	if bare.cpu[0] > 0 {
		cpu := pairOf(bare.cpu, our.cpu)
		res.Rate.CPU = &cpu
	}
	return nil
}

func newRaceServer(ctx context.Context, r role, p ratePlan) (*raceServer, error) {
	c, err := startChild(ctx, r, p.procs)
	if err != nil {
		return nil, err
	}
	s := &raceServer{child: c}
	for range p.conns {
		client, err := newRawClient(c.addr)
		if err != nil {
			s.hangUp()
			c.stop()
			return nil, err
		}
		s.load = append(s.load, client)
	}
	return s, nil
}

func (s *raceServer) hangUp() {
	for _, c := range s.load {
		c.Close()
	}
}

// round loads the server for a while and notes what it did.
func (s *raceServer) round(length time.Duration) error {
	before, err := s.child.cpu()
	if err != nil {
		return err
	}
	var stop atomic.Bool
	timer := time.AfterFunc(length, func() { stop.Store(true) })
	defer timer.Stop()
	start := time.Now()
	var drivers sync.WaitGroup
	var requests atomic.Int64
	failed := make(chan error, len(s.load))
	for group := range slices.Chunk(s.load, max(1, (len(s.load)+1)/2)) {
		drivers.Go(func() {
			n, err := drive(group, &stop)
			requests.Add(n)
			if err != nil {
				failed <- err
			}
		})
	}
	drivers.Wait()
	took := time.Since(start)
	if len(failed) > 0 {
		return <-failed
	}
	after, err := s.child.cpu()
	if err != nil {
		return err
	}
	n := requests.Load()
	s.requests += n
	s.rate = append(s.rate, float64(n)/took.Seconds())
	s.cpu = append(s.cpu, float64((after-before).Nanoseconds())/1e3/float64(n))
	return nil
}

// A rawClient sends one request over and over. It parses one answer, and
// from then on only counts bytes: answers of hello all have the same length.
type rawClient struct {
	net.Conn
	size int
	buf  []byte
}

const rawRequest = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"

func newRawClient(addr string) (*rawClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &rawClient{Conn: conn, buf: make([]byte, 4096)}
	if err := c.learn(); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// learn makes one request and notes how long its answer is.
func (c *rawClient) learn() error {
	if _, err := io.WriteString(c, rawRequest); err != nil {
		return err
	}
	var seen bytes.Buffer
	answer, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &seen)), nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	c.size = seen.Len()
	return nil
}

// drive sends a request on each connection, then reads the answers. It
// rarely has to wait for one, which costs a client more than all else: a
// goroutine for each connection would use as much processor time as the
// server. Two drivers are enough to keep that busy.
func drive(conns []*rawClient, stop *atomic.Bool) (n int64, err error) {
	for _, c := range conns {
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	request := []byte(rawRequest)
	for !stop.Load() {
		for _, c := range conns {
			if _, err := c.Write(request); err != nil {
				return n, err
			}
		}
		for _, c := range conns {
			if err := c.readAnswer(); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func (c *rawClient) readAnswer() error {
	if _, err := io.ReadFull(c, c.buf[:c.size]); err != nil {
		return err
	}
	if !bytes.HasPrefix(c.buf, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer begins with %q", c.buf[:min(c.size, 40)])
	}
	return nil
}
