package clients

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// A site is one server of the library, on a real socket.
type site struct {
	name   string
	addr   string
	served atomic.Int64 // requests that its handler has read
	begin  int64        // with that many it begins to terminate; 0: never by itself

	process   *lameduck.Process
	begun     context.Context // ends at T0
	terminate context.CancelFunc
	ended     chan struct{}
	err       error // of Run; to be read when ended is closed
}

// serve runs the site on l until the test ends.
func (s *site) serve(t *testing.T, l net.Listener, config *tls.Config, h http.Handler) {
	s.addr = l.Addr().String()
	s.process.AddHTTP(newServer(s.counting(h), config), l)
	s.run(t)
}

// counting counts the requests of which the whole body has come, those to
// /ready not included.
func (s *site) counting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			lameduck.Ready(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if s.served.Add(1) == s.begin {
			s.terminate()
		}
		h.ServeHTTP(w, r)
	})
}

func (s *site) run(t *testing.T) {
	s.process.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("site", s.name)
	s.begun, s.terminate = context.WithCancel(context.Background())
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		s.err = s.process.Run(s.begun)
	}()
	t.Cleanup(func() {
		s.terminate()
		<-s.ended
	})
}

// newSite serves h until the test ends. It begins to terminate after a number
// of requests, if that is not 0.
func newSite(t *testing.T, config *tls.Config, after int64, h http.Handler) *site {
	t.Helper()
	s := &site{name: "site", begin: after, process: clocks()}
	s.serve(t, listen(t), config, h)
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// endedWell waits for the end of the termination: nothing was cut.
func (s *site) endedWell(t *testing.T) {
	t.Helper()
	<-s.ended
	if s.err != nil {
		t.Errorf("%s: Run: %v", s.name, s.err)
	}
}

// clocks are those of a termination that a test can wait for. A client of a
// busy machine may be stopped for a while, and must not be taken for idle. The
// grace period bounds the lame duck too, which new connections prolong.
func clocks() *lameduck.Process {
	return &lameduck.Process{
		Delay:  500 * time.Millisecond,
		Quiet:  time.Second,
		Spread: 300 * time.Millisecond,
		Grace:  8 * time.Second, Reserve: 500 * time.Millisecond,
	}
}

// A pair is two sites that accept from one socket: two pods behind one
// address. When one begins to terminate the other begins to accept. Answers
// have the header Termination once that is over, so that a client knows how
// long to go on.
type pair struct {
	addr             string
	leaving, staying *site
}

// newPair starts both. The one that leaves does so after a number of requests.
func newPair(t *testing.T, config *tls.Config, after int64, answer http.HandlerFunc) *pair {
	first := listen(t)
	second, err := sameSocket(first)
	if err != nil {
		first.Close()
		t.Skipf("two servers cannot share a socket here: %v", err)
	}
	p := &pair{addr: first.Addr().String()}
	p.leaving = &site{name: "leaving", begin: after, process: clocks()}
	p.leaving.serve(t, first, config, p.over(answer))
	p.staying = &site{name: "staying", process: clocks()}
	p.staying.process.Delay, p.staying.process.Spread = -1, -1
	p.staying.serve(t, lateListener{second.(*net.TCPListener), p.leaving.begun.Done()}, config, p.over(answer))
	return p
}

// A lateListener accepts nothing before it is open.
type lateListener struct {
	*net.TCPListener
	open <-chan struct{}
}

func (l lateListener) Accept() (net.Conn, error) {
	<-l.open
	return l.TCPListener.Accept()
}

// sameSocket returns a second listener with the accept queue of l. What comes
// is accepted by either, and nothing is refused when one of them closes.
func sameSocket(l net.Listener) (net.Listener, error) {
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

// newServer serves HTTP/1 and HTTP/2, over TLS if there is a config.
func newServer(h http.Handler, config *tls.Config) *http.Server {
	srv := &http.Server{Handler: h, TLSConfig: config.Clone(), Protocols: new(http.Protocols)} // net/http changes the config
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetHTTP2(config != nil)
	srv.Protocols.SetUnencryptedHTTP2(config == nil)
	return srv
}

// over is answer with the header.
func (p *pair) over(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-p.leaving.ended:
			w.Header().Set("Termination", "over")
		default:
		}
		answer(w, r)
	}
}

func ok(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") }

// lostNothing waits for the end of the termination and compares: the sites
// have seen the requests that were sent, each once, and nothing was cut.
func (p *pair) lostNothing(t *testing.T, sent int) {
	t.Helper()
	p.leaving.endedWell(t)
	leaving, staying := p.leaving.served.Load(), p.staying.served.Load()
	if leaving+staying != int64(sent) {
		t.Errorf("%d requests were sent; %d came to the one that leaves, %d to the other", sent, leaving, staying)
	}
	s := p.leaving.process.Status()
	t.Logf("%d requests, %d of them to the one that leaves, %d there after T0 on %d new connections; closed idle: %d",
		sent, leaving, s.LateRequests, s.LateConnections, s.ClosedIdle)
}
