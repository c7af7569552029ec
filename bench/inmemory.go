package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
)

// serveInMemory serves connections without a network and measures, as often
// as the parent asks, what they cost. It never returns.
func serveInMemory(p peer, r role) error {
	s := &inMemory{memListener: newMemListener(), role: r, paths: make(chan *requestPath), ended: make(chan error, 1)}
	srv, err := newHTTPServer(r.Proto, s)
	if err != nil {
		return err
	}
	go func() {
		err := p.http(r, srv, s.memListener)
		if s.ended <- err; s.last.Load() == nil {
			fmt.Println("ended:", err) // no number, so the parent reports it
		}
	}()
	fmt.Println("in memory")
	answerParent(s.answer)
	return nil
}

// An inMemory is a server of one peer, with connections in memory.
type inMemory struct {
	*memListener
	role  role
	paths chan *requestPath
	taken []*requestPath // one for each processor
	last  atomic.Value   // func(http.ResponseWriter), for those that are in flight at SIGTERM
	ended chan error     // what the server has returned
}

// ServeHTTP is hello. For the request of findPaths it hands out what net/http calls for
// a request.
func (s *inMemory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Header.Get("User-Agent") {
	case pathfinder:
	case lastOne:
		s.last.Load().(func(http.ResponseWriter))(w)
		return
	default:
		hello(w, r)
		return
	}
	if w, ok := w.(http.Hijacker); ok {
		conn, _, _ := w.Hijack()
		srv := r.Context().Value(http.ServerContextKey).(*http.Server)
		s.paths <- &requestPath{conn: conn, state: srv.ConnState, handler: srv.Handler, request: r, buf: make([]byte, 4096)}
	}
}

// pathfinder is the User-Agent of the request whose path is taken.
const pathfinder = "pathfinder"

func (s *inMemory) answer(line string) (string, error) {
	var m measurement
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return "", err
	}
	out, err := s.measure(m)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(out)
	return string(text), err
}

func (s *inMemory) measure(m measurement) (out measured, err error) {
	procs := runtime.GOMAXPROCS(0)
	switch m.What {
	case "path":
		if err := s.findPaths(procs); err != nil {
			return out, err
		}
		return atOnce(procs, m.N, func(i, n int) error {
			s.taken[i].requests(n)
			return nil
		})
	case "whole":
		return atOnce(procs, m.N, func(_, n int) error { return requestsInMemory(s.hand, n) })
	case "idle":
		out.Bytes, err = bytesPerConn(s.hand, m.N)
		return out, err
	case "ending":
		return s.ending(m.N, m.Within)
	case "open", "begin", "count":
		return s.begins(m, s.role.Proto)
	}
	return out, fmt.Errorf("there is no measurement %q", m.What)
}

// findPaths makes sure that there is the path of a request for each processor.
func (s *inMemory) findPaths(procs int) error {
	for len(s.taken) < procs {
		socket, err := newSocket() // stays open, as the process does
		if err != nil {
			return err
		}
		c := &hollowConn{memConn: newMemConn(1, nil), deadlines: socket}
		c.request = []byte("GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: " + pathfinder + "\r\nAccept: */*\r\n\r\n")
		if err := s.hand(c); err != nil {
			return err
		}
		s.taken = append(s.taken, <-s.paths)
		c.hollow = true
	}
	return nil
}

// atOnce has n requests made by so many goroutines, and returns what one
// cost.
func atOnce(goroutines, n int, requests func(i, n int) error) (out measured, err error) {
	share := max(1, n/goroutines)
	errs := make([]error, goroutines)
	var cost samples
	cost.take(share*goroutines, func() {
		var group sync.WaitGroup
		for i := range goroutines {
			group.Go(func() { errs[i] = requests(i, share) })
		}
		group.Wait()
	})
	for _, e := range errs {
		if e != nil {
			return out, e
		}
	}
	return measured{NS: cost.ns[0], Allocs: cost.allocs[0]}, nil
}
