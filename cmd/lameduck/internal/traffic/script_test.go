package traffic

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// scripted is a server that runs one function for its n-th connection, from 0;
// when that returns the connection is closed. The function may read requests
// and write anything.
type scripted struct {
	addr string

	mu       sync.Mutex
	accepted int
	requests []string // the first line of each that was read
}

// peer is the server's side of one connection.
type peer struct {
	*net.TCPConn
	server *scripted
	in     *bufio.Reader
	last   bool // the client announced it
}

func serve(t *testing.T, script func(n int, p *peer)) *scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{addr: ln.Addr().String()}
	var peers sync.WaitGroup
	peers.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			n := s.count()
			peers.Go(func() {
				defer nc.Close()
				tcp := nc.(*net.TCPConn)
				script(n, &peer{TCPConn: tcp, server: s, in: bufio.NewReader(tcp)})
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		peers.Wait()
	})
	return s
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted++
	return s.accepted - 1
}

func (s *scripted) seen() (connections int, requests []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, append([]string(nil), s.requests...)
}

// read reads one request; false if there is none.
func (p *peer) read() bool {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return false
	}
	if p.last, err = readRequest(p.in); err != nil {
		return false
	}
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	p.server.requests = append(p.server.requests, line)
	return true
}

// page is a response.
const page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func (p *peer) write(text string) { _, _ = io.WriteString(p, text) }

// answerAll answers requests until the client closes, or announces it.
func (p *peer) answerAll() {
	for !p.last && p.read() {
		p.write(page)
	}
}

// reset makes the close a RST.
func (p *peer) reset() { _ = p.SetLinger(0) }

// closeWrite ends the connection with a FIN. A close while more of a request
// is on its way would make a RST of it.
func (p *peer) closeWrite() {
	_ = p.CloseWrite()
	p.waitForClient()
}

// waitForClient returns when the client has closed.
func (p *peer) waitForClient() { _, _ = io.Copy(io.Discard, p.in) }

// single is a load that begins each attempt by a call of the test.
type single struct {
	*Load
	rec   *recorder
	stop  func()
	begun int64
}

func newSingle(t *testing.T, pattern string, cfg config) *single {
	t.Helper()
	s := &single{rec: &recorder{}}
	cfg.Patterns = []string{pattern}
	cfg.Record = s.rec.record
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	s.Load = newLoad(t.Context(), cfg.Spec, cfg.Env)
	s.stop = sync.OnceFunc(s.Load.Stop)
	t.Cleanup(s.stop)
	return s
}

// attempt begins one and waits for its end.
func (s *single) attempt() {
	n := s.patternRuns[0]
	n.policy.start(s.begun, s.env.Clock.Now())
	s.begun++
	s.attempts.Wait()
}

// end stops the load and returns everything it recorded.
func (s *single) end() []timeline.Attempt {
	s.stop()
	return s.rec.all()
}

func (s *single) kept() *kept { return s.patternRuns[0].policy.(*kept) }

// idle is the one connection of keepalive.
func (s *single) idle() *conn { return s.kept().idle[0] }

var errScripted = errors.New("as the test wants")
