package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
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

// A loader is one connection under load.
type loader interface {
	// send sends what is to be answered at once.
	send() error
	// receive reads the answers, and returns how many they are.
	receive() (int, error)
	Close() error
}

// A raceServer is one of the two servers, and its clients.
type raceServer struct {
	*child
	load []loader
}

// rateSamples are what was seen in the rounds of one of the two.
type rateSamples struct {
	requests  int64
	rate, cpu []float64
}

func measureRate(ctx context.Context, p plan, res *results) (err error) {
	p.progress("rate: %d pairs of rounds of %v", p.rate.pairs, p.rate.round)
	res.Rate, err = p.rate.race(ctx, clear1, func(addr string) (loader, error) { return newRawClient(addr) })
	return err
}

// pairsOfOne is how many pairs of rounds two processes have before others take their place:
// where its memory lies makes a process quicker or slower than another of the same program,
// by up to two percent, for as long as it runs.
const pairsOfOne = 25

// race gives each server fewer processors than the client has, and the
// client as little to do as possible, so that the server is what limits.
func (p ratePlan) race(ctx context.Context, served proto, connect func(addr string) (loader, error)) (*rateResult, error) {
	var bare, our rateSamples
	for left := p.pairs; left > 0; left -= pairsOfOne {
		if err := p.raceOfTwo(ctx, min(left, pairsOfOne), served, connect, &bare, &our); err != nil {
			return nil, err
		}
	}
	out := &rateResult{Conns: p.conns, Procs: p.procs, Requests: bare.requests + our.requests, Rate: pairOf(bare.rate, our.rate)}
	if bare.cpu[0] > 0 {
		out.CPU = new(pairOf(bare.cpu, our.cpu))
	}
	return out, nil
}

// raceOfTwo adds so many pairs of rounds of two processes.
func (p ratePlan) raceOfTwo(ctx context.Context, pairs int, served proto, connect func(addr string) (loader, error), bare, our *rateSamples) error {
	var rounds []func() error
	for _, of := range []struct {
		kind string
		*rateSamples
	}{{shutdown, bare}, {ours, our}} {
		s, err := newRaceServer(ctx, role{Kind: of.kind, Proto: served}, p, connect)
		if err != nil {
			return fmt.Errorf("%s: %w", of.kind, err)
		}
		defer s.stop()
		defer s.hangUp()
		if err := s.round(p.round, new(rateSamples)); err != nil { // a first round that does not count
			return err
		}
		rounds = append(rounds, func() error { return errors.Join(s.round(p.round, of.rateSamples), context.Cause(ctx)) })
	}
	return inTurns(pairs, rounds[0], rounds[1])
}

// estimate is about how long the races of all kinds of load take.
func (p ratePlan) estimate() time.Duration {
	return time.Duration(len(loadKinds)*2*(1+p.pairs)) * p.round
}

func newRaceServer(ctx context.Context, r role, p ratePlan, connect func(addr string) (loader, error)) (*raceServer, error) {
	c, err := startChild(ctx, r, p.procs)
	if err != nil {
		return nil, err
	}
	s := &raceServer{child: c}
	for range p.conns {
		client, err := connect(c.addr)
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

// round loads the server for a while and adds what it did.
func (s *raceServer) round(length time.Duration, out *rateSamples) error {
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
	out.requests += n
	out.rate = append(out.rate, float64(n)/took.Seconds())
	out.cpu = append(out.cpu, float64((after-before).Nanoseconds())/1e3/float64(n))
	return nil
}

// drive sends a request on each connection, then reads the answers. It
// rarely has to wait for one, which costs a client more than all else: a
// goroutine for each connection would use as much processor time as the
// server. Two drivers are enough to keep that busy.
func drive(conns []loader, stop *atomic.Bool) (n int64, err error) {
	for !stop.Load() {
		for _, c := range conns {
			if err := c.send(); err != nil {
				return n, err
			}
		}
		for _, c := range conns {
			answers, err := c.receive()
			n += int64(answers)
			if err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// A rawClient sends one request over and over. It parses one answer, and
// from then on only counts bytes: answers of the site all have the same
// length.
type rawClient struct {
	net.Conn
	size int
	buf  []byte
}

var rawRequest = []byte("GET / HTTP/1.1\r\nHost: bench\r\n\r\n")

// rawTimeout is the life of a connection under load: a server that hangs is
// an error of the round, not the end of all.
const rawTimeout = 10 * time.Minute

func newRawClient(addr string) (*rawClient, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return rawClientOn(conn)
}

func rawClientOn(conn net.Conn) (*rawClient, error) {
	conn.SetDeadline(time.Now().Add(rawTimeout))
	c := &rawClient{Conn: conn, buf: make([]byte, 4096)}
	if err := c.learn(); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// learn makes one request and notes how long its answer is.
func (c *rawClient) learn() error {
	if err := c.send(); err != nil {
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

func (c *rawClient) send() error {
	_, err := c.Write(rawRequest)
	return err
}

func (c *rawClient) receive() (int, error) {
	if _, err := io.ReadFull(c, c.buf[:c.size]); err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(c.buf, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the answer begins with %q", c.buf[:min(c.size, 40)])
	}
	return 1, nil
}
