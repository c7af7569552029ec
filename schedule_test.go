package lameduck

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Terminations at random: clocks, clients of every kind on every protocol,
// handlers that stream, panic, hijack or never end, workers and closers that
// fail, listeners that break, preStop calls, signals in any phase. Whatever
// comes together,
//
//   - a request of which the server has read a byte is answered, or was cut;
//   - Run returns nil only if none was cut;
//   - it ends after Delay, and within Grace;
//   - closers run in order, and not while a handler is at work;
//   - Observe receives each phase, and as much was cut as Run reports;
//   - no connection and no goroutine is left (the bubble sees to that).
//
// SCHEDULES is how many, of the same sequence; 300 unless it does, 60 with -short.
func TestRandomSchedules(t *testing.T) {
	usual := "300"
	if testing.Short() {
		usual = "60"
	}
	seeds, err := strconv.ParseUint(cmp.Or(os.Getenv("SCHEDULES"), usual), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate(t)
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) { newSchedule(t, seed, cert).run() }) // ends the test at the first that fails
	}
}

type schedule struct {
	t    *testing.T
	seed uint64
	*Process
	mu        sync.Mutex // of random
	random    *rand.Rand
	log       strings.Builder
	cert      tls.Certificate
	endpoints []*endpoint
	forever   chan struct{} // closed when the test has seen enough
	others    sync.WaitGroup
	handling  atomic.Int64
	broken    atomic.Int64 // requests without an answer
	stuck     bool         // a closer never returns
	ranCloser atomic.Int64
	observed  observed
}

// An endpoint is a listener, and what a client does with a connection to it.
type endpoint struct {
	*memListener
	connected func(net.Conn)
}

func newSchedule(t *testing.T, seed uint64, cert tls.Certificate) *schedule {
	s := &schedule{t: t, seed: seed, cert: cert, random: rand.New(rand.NewPCG(seed, 0)), forever: make(chan struct{})}
	delay, reserve := s.upTo(12*time.Second), 500*time.Millisecond+s.upTo(3*time.Second)
	s.Process = &Process{
		Delay: delay, Reserve: reserve,
		Quiet: s.upTo(3*time.Second) - time.Second, Spread: s.upTo(15 * time.Second),
		Grace:         delay + reserve + time.Second + s.upTo(15*time.Second),
		FailReadiness: s.oneIn(2),
		Log:           slog.New(slog.NewTextHandler(&s.log, nil)),
		Observe:       s.observe,
	}
	for range 1 + s.below(2) {
		e := &endpoint{memListener: newMemListener()}
		e.connected = s.serve(e, s.below(6))
		s.endpoints = append(s.endpoints, e)
	}
	for i := range s.below(3) {
		s.AddWorker(fmt.Sprint(i), s.worker(s.below(6)))
	}
	for i := range s.below(4) {
		s.AddCloser(fmt.Sprint(i), s.closer(i, s.below(8)))
	}
	return s
}

// serve adds a server of some kind, and returns what its clients do.
func (s *schedule) serve(l net.Listener, kind int) (connected func(net.Conn)) {
	srv := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	switch kind {
	case 0:
		s.AddConn(l, s.raw)
		return s.talk
	case 1:
		srv.Protocols.SetHTTP2(true)
		srv.TLSConfig = &tls.Config{
			Certificates:           []tls.Certificate{s.cert},
			SessionTicketsDisabled: true, // a client that does not read yet takes none, as there is no queue between
		}
		connected = s.secretly
	case 2, 3:
		srv.Protocols.SetUnencryptedHTTP2(true)
		connected = func(nc net.Conn) {
			if s.oneIn(3) {
				s.http1(nc)
			} else {
				s.http2(nc)
			}
		}
	default:
		connected = s.http1
	}
	s.AddHTTP(srv, l)
	return connected
}

// secretly is a connection of a client that uses TLS, most of the time.
func (s *schedule) secretly(nc net.Conn) {
	if s.oneIn(8) {
		time.Sleep(s.upTo(20 * time.Second)) // no handshake
		return
	}
	config, speak := &tls.Config{InsecureSkipVerify: true}, s.http1
	if !s.oneIn(3) {
		config.NextProtos, speak = []string{"h2"}, s.http2
	}
	over := tls.Client(nc, config)
	defer over.Close()
	speak(over)
}

func (s *schedule) below(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func (s *schedule) oneIn(n int) bool                   { return s.below(n) == 0 }
func (s *schedule) upTo(d time.Duration) time.Duration { return 1 + time.Duration(s.below(int(d))) }

func (s *schedule) run() {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	synctest.Wait()
	for range 2 + s.below(8) {
		e := s.endpoints[s.below(len(s.endpoints))]
		s.others.Go(func() { s.client(e) })
	}
	s.others.Go(s.orders)
	s.others.Go(s.poll)
	time.AfterFunc(5*time.Second+s.upTo(40*time.Second), cancel)
	err := <-ended
	s.check(err)
	close(s.forever)
	s.others.Wait()
	if err == nil && s.broken.Load() > 0 {
		s.t.Errorf("Run returned nil, and %d requests had no answer", s.broken.Load())
	}
	time.Sleep(time.Minute) // handlers that were cut, and mind nothing
	if n := len(s.conns.List()); n > 0 {
		s.t.Errorf("%d connections are left", n)
	}
	s.checkObserved(err)
	if s.t.Failed() {
		s.t.Logf("seed %d, %+v\n%s", s.seed, s.clocks, s.log.String())
	}
}

func (s *schedule) check(err error) {
	d := s.state.Current.Load()
	took := time.Since(d.T0)
	if took > d.Clocks.Grace {
		s.t.Errorf("ended %v after T0, Grace is %v", took, d.Clocks.Grace)
	}
	if took < d.Clocks.Delay && !d.Hurry.IsSet() && !d.Cut.IsSet() {
		s.t.Errorf("ended %v after T0, Delay is %v", took, d.Clocks.Delay)
	}
	if n := int(s.ranCloser.Load()); n != len(s.closers) {
		s.t.Errorf("%d of %d closers have run", n, len(s.closers))
	}
	if errors.Is(err, ErrCut) && !s.cutting() && !s.stuck {
		s.t.Errorf("ended %v after T0, before the cut, with %v", took, err)
	}
}

// cutting reports whether the cut has come.
func (s *schedule) cutting() bool {
	d := s.state.Current.Load()
	return d != nil && (d.Cut.IsSet() || !time.Now().Before(d.CutAt()))
}

// observe is what a user may write.
func (s *schedule) observe(status Status) {
	s.observed.observe(status)
	switch s.below(10) {
	case 0:
		panic("Observe panicked")
	case 1:
		time.Sleep(s.upTo(5 * time.Second))
	case 2:
		runtime.Goexit()
	}
}

// poll asks for the Status at any time.
func (s *schedule) poll() {
	for {
		status := s.Status()
		for i, work := range status.InFlight[:max(0, len(status.InFlight)-1)] {
			if work.begun(status.T0).After(status.InFlight[i+1].begun(status.T0)) {
				s.t.Errorf("not the oldest first: %+v", status.InFlight)
			}
		}
		select {
		case <-time.After(s.upTo(3 * time.Second)):
		case <-s.forever:
			return
		}
	}
}

var courseOfPhases = regexp.MustCompile(`^serving(,lame duck,serving)*,lame duck,finishing(,cut)?(,closers)?,ended$`)

func (s *schedule) checkObserved(err error) {
	if phases := strings.Join(s.observed.phases(), ","); !courseOfPhases.MatchString(phases) {
		s.t.Errorf("phases %s", phases)
	}
	cut := 0
	if e, ok := errors.AsType[*CutError](err); ok {
		cut = len(e.Work)
	}
	if n := s.Status().Cut; n != cut {
		s.t.Errorf("Status has that %d were cut, Run names %d: %v", n, cut, err)
	}
}

// orders are the signals, and the listener that fails.
func (s *schedule) orders() {
	if s.oneIn(8) {
		time.AfterFunc(s.upTo(40*time.Second), func() { s.endpoints[0].Close() })
	}
	if s.oneIn(3) {
		return // the context ends
	}
	time.Sleep(s.upTo(30 * time.Second))
	d := s.begin("signal", true)
	if s.oneIn(3) {
		d.Hurry.Set()
	}
	if s.oneIn(3) {
		time.Sleep(s.upTo(20 * time.Second))
		d.Cut.Set()
	}
}

func (s *schedule) worker(kind int) func(context.Context) error {
	after := s.upTo(40 * time.Second)
	return func(ctx context.Context) error {
		switch kind {
		case 0: // minds only the cut
			<-ctx.Done()
			return ctx.Err()
		case 1: // fails
			select {
			case <-time.After(after):
				return errors.New("worker failed")
			case <-Draining(ctx):
				return nil
			}
		case 2: // is done, sooner or later
			select {
			case <-time.After(after):
			case <-ctx.Done():
			}
			return nil
		case 3:
			<-s.forever
			return nil
		}
		<-Draining(ctx)
		time.Sleep(after / 20)
		return nil
	}
}

func (s *schedule) closer(i, kind int) func(context.Context) error {
	after := s.upTo(2 * time.Second)
	if kind == 0 {
		s.stuck = true
	}
	return func(ctx context.Context) error {
		if n := int(s.ranCloser.Add(1)); n != len(s.closers)-i {
			s.t.Errorf("closer %d is number %d to run", i, n)
		}
		if n := s.handling.Load(); n > 0 && !s.cutting() {
			s.t.Errorf("a closer runs while %d handlers are at work", n)
		}
		switch kind {
		case 0:
			<-s.forever
		case 1:
			panic("closer panicked")
		case 2:
			return errors.New("closer failed")
		case 3:
			select {
			case <-ctx.Done():
			case <-time.After(after):
			}
		}
		return nil
	}
}

func (s *schedule) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handling.Add(1)
	defer s.handling.Add(-1)
	switch r.URL.Path {
	case "/prestop":
		PreStop(w, r)
	case "/ready":
		Ready(w, r)
	case "/sleep":
		time.Sleep(s.upTo(5 * time.Second))
	case "/stream":
		w.(http.Flusher).Flush()
		for range 3 {
			time.Sleep(s.upTo(5 * time.Second))
			io.WriteString(w, "more")
			w.(http.Flusher).Flush()
		}
	case "/events": // as server-sent events often do, it insists
		w.Header().Set("Connection", "keep-alive")
		select {
		case <-Draining(r.Context()):
		case <-time.After(s.upTo(5 * time.Second)):
		}
	case "/panic":
		panic(http.ErrAbortHandler)
	case "/stuck":
		<-r.Context().Done()
	case "/deaf":
		<-s.forever
	case "/hijack":
		s.hijack(w, r)
	default:
		io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 16<<10)) // more than net/http's own
		io.WriteString(w, "ok")
	}
}

func (s *schedule) hijack(w http.ResponseWriter, r *http.Request) {
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	draining := Draining(r.Context())
	s.others.Go(func() {
		if !s.oneIn(4) {
			<-draining
			time.Sleep(s.upTo(3 * time.Second))
			nc.Close()
			return
		}
		io.Copy(io.Discard, nc) // minds nothing but the end of its client
		nc.Close()
	})
}

// client makes connections for a while, one after the other.
func (s *schedule) client(e *endpoint) {
	until := time.Now().Add(s.upTo(time.Minute))
	for time.Now().Before(until) {
		time.Sleep(s.upTo(3 * time.Second))
		server, nc := net.Pipe()
		select {
		case e.conns <- server:
		case <-e.done:
			return
		}
		e.connected(nc)
		nc.Close()
	}
}

// http1 sends requests, in one of several manners, until it is asked to leave.
func (s *schedule) http1(nc net.Conn) {
	c := &client{nc, bufio.NewReader(nc)}
	switch s.below(12) {
	case 0: // sends nothing until it is closed, or goes by itself
		c.SetReadDeadline(time.Now().Add(s.upTo(time.Minute)))
		c.r.ReadByte()
		return
	case 1: // goes in the middle of a request
		io.WriteString(c, "GET / HT")
		time.Sleep(s.upTo(3 * time.Second))
		return
	case 2: // goes in the middle of the answer
		io.WriteString(c, "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
		time.Sleep(s.upTo(10 * time.Second))
		return
	}
	pieces, pipelined, think := 1, 1, s.upTo(4*time.Second)
	switch s.below(4) {
	case 0:
		pieces = 1 + s.below(5)
	case 1:
		pipelined = 1 + s.below(3)
	}
	for range 1 + s.below(6) {
		if !s.request(c, pieces, pipelined) {
			return
		}
		time.Sleep(s.upTo(think))
	}
}

var paths = []string{"/", "/", "/", "/", "/sleep", "/stream", "/events", "/ready", "/hijack", "/panic", "/stuck", "/deaf", "/prestop"}

func (s *schedule) anyPath() string {
	if s.oneIn(8) {
		return paths[s.below(len(paths))]
	}
	return paths[s.below(len(paths)-4)] // those that come to no end are rarer
}

// request sends a request, or several at once, and reads the answers. It
// returns false if the connection is of no more use.
func (s *schedule) request(c *client, pieces, pipelined int) bool {
	path := s.anyPath()
	body := "hello"
	if path == "/" && s.oneIn(8) {
		body = strings.Repeat(body, s.below(20000))
	}
	one := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	all := strings.Repeat(one, pipelined)
	if pipelined > 1 && s.oneIn(2) {
		all = all[:len(all)-1-s.below(len(one)-1)] // and what is missing comes later
	}
	missing := one[len(one)-(len(one)*pipelined-len(all)):]
	if sent, err := s.write(c, all, pieces); err != nil {
		if sent > 0 {
			s.noAnswer(path, fmt.Errorf("%d bytes sent: %w", sent, err))
		}
		return false
	}
	for i := range pipelined {
		if i == pipelined-1 && missing != "" {
			time.Sleep(s.upTo(3 * time.Second))
			if _, err := s.write(c, missing, 1); err != nil {
				s.noAnswer(path, fmt.Errorf("the rest of the last of %d pipelined requests, %q: %w", pipelined, missing, err))
				return false
			}
		}
		res, err := c.answer()
		if err != nil {
			s.noAnswer(path, err)
			return false
		}
		if path == "/hijack" {
			c.r.ReadByte() // until the end
			return false
		}
		if res.Close {
			return false // what else was sent no server need answer
		}
	}
	return true
}

// write sends text in pieces. What is sent the server has read: there is no
// queue between.
func (s *schedule) write(c io.Writer, text string, pieces int) (sent int, err error) {
	for i := range pieces {
		end := len(text) * (i + 1) / pieces
		n, err := io.WriteString(c, text[sent:end])
		sent += n
		if err != nil {
			return sent, err
		}
		if end < len(text) {
			time.Sleep(s.upTo(2 * time.Second))
		}
	}
	return sent, nil
}

// noAnswer is the end of a request that was not answered.
func (s *schedule) noAnswer(what string, err error) {
	if strings.HasSuffix(what, "panic") {
		return
	}
	s.broken.Add(1)
	if !s.cutting() {
		at := "before T0"
		if d := s.state.Current.Load(); d != nil {
			at = fmt.Sprint(time.Since(d.T0), " after T0")
		}
		s.t.Errorf("%s, %s: %v", what, at, err)
	}
}
