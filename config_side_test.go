package lameduck

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// A side is one of the two that a configRow compares: an http.Server on a real
// socket, served by net/http or by a Process, and what was seen of it.
type side struct {
	t   *testing.T
	srv *http.Server
	l   net.Listener

	mu     sync.Mutex
	seen   map[string]string
	open   int // handlers at work, and connections that ConnState was called for
	ended  *sync.Cond
	hidden []string // what differs from run to run, and what stands for it
	dialed int      // connections of clients
	left   bool     // a client was asked to leave before its last request
}

func newSide(t *testing.T, set func(*side)) *side {
	s := &side{t: t, l: listenOn(t, "tcp"), seen: map[string]string{}}
	s.ended = sync.NewCond(&s.mu)
	s.srv = &http.Server{ErrorLog: stdlog.New(s, "", 0)}
	s.handle(s.report)
	if set != nil {
		set(s)
	}
	s.hidden = []string{s.l.Addr().String(), "SERVER"}
	return s
}

// handle makes h the handler, which the side waits for.
func (s *side) handle(h http.HandlerFunc) {
	s.srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.begin()
		defer s.end()
		s.see("requests", "%s %s", r.Method, r.RequestURI)
		h(w, r)
	})
}

// see notes what was seen, behind what was seen under the same name.
func (s *side) see(what, format string, args ...any) {
	text := s.hide(fmt.Sprintf(format, args...))
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, is := s.seen[what]; is {
		text = before + "\n" + text
	}
	s.seen[what] = text
}

// seeClient is see for what the client sees on its latest connection.
func (s *side) seeClient(what, format string, args ...any) {
	s.see(fmt.Sprintf("connection %d: %s", s.dialed, what), format, args...)
}

// hide puts a word for each address.
func (s *side) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.NewReplacer(s.hidden...).Replace(text)
}

// Write is that of ErrorLog. Of a panic the first line is enough. Two connections log in
// either order, so the lines are sorted.
func (s *side) Write(line []byte) (int, error) {
	first, _, _ := bytes.Cut(line, []byte("\n"))
	s.see("ErrorLog", "%s", first)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen["ErrorLog"] = strings.Join(slices.Sorted(strings.SplitSeq(s.seen["ErrorLog"], "\n")), "\n")
	return len(line), nil
}

// byNetHTTP has net/http serve while client is at work.
func (s *side) byNetHTTP(serve func(*http.Server, net.Listener) error, client func(*side)) {
	ended := make(chan error, 1)
	go func() { ended <- program.Protect(func() error { return serve(s.srv, s.l) }) }()
	if client != nil {
		client(s)
		s.srv.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) || client == nil {
		s.seeError(err)
	}
}

// seeError notes why the server is refused. Of a panic the first line is enough.
func (s *side) seeError(err error) {
	text, _, _ := strings.Cut(err.Error(), "\ngoroutine ")
	text = strings.TrimPrefix(text, "lameduck: ")
	s.see("start", "%s", strings.TrimPrefix(text, fmt.Sprintf("listener %v: ", s.l.Addr())))
}

// byProcess has a Process serve while client is at work. If it is to be refused it
// ends by itself.
func (s *side) byProcess(client func(*side), refused bool) {
	p := &Process{Delay: -1, Quiet: -1, Spread: -1, Grace: time.Minute, Log: slog.New(slog.NewTextHandler(s.t.Output(), nil))}
	p.AddHTTP(s.srv, s.l)
	ctx, terminate := context.WithCancel(context.Background())
	defer terminate()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if client != nil {
		client(s)
	}
	if client != nil && !refused {
		terminate()
	}
	if err := <-ended; err != nil {
		s.seeError(err)
	}
}

func serveAsConfigured(srv *http.Server, l net.Listener) error {
	if srv.TLSConfig != nil {
		return srv.ServeTLS(l, "", "")
	}
	return srv.Serve(l)
}

// begin notes that something has begun that the side waits for.
func (s *side) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
}

func (s *side) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.ended.Broadcast()
}

// awaitEnds waits until all that has begun has ended.
func (s *side) awaitEnds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open > 0 {
		s.ended.Wait()
	}
}

// report answers with all that a handler can know of its request.
func (s *side) report(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	w.Header().Set("Trailer", "After")
	w.Header().Set("Content-Type", "text/plain")
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s host %q url %q from %s\n", r.Method, r.RequestURI, r.Proto, r.Host, r.URL, r.RemoteAddr)
	fmt.Fprintf(&text, "header %v trailer %v close %v\n", r.Header, r.Trailer, r.Close)
	fmt.Fprintf(&text, "body %q, %v, length %d, encoding %q\n", body, err, r.ContentLength, r.TransferEncoding)
	fmt.Fprintf(&text, "local %T %v, server %v\n", local, local, r.Context().Value(http.ServerContextKey) == s.srv)
	fmt.Fprintf(&text, "hooks %v %v\n", r.Context().Value(ofBase), r.Context().Value(ofConn))
	fmt.Fprintf(&text, "TLS %s\n", ofTLS(r.TLS))
	io.WriteString(w, s.hide(text.String()))
	w.Header().Set("After", "the body")
}

// Keys of what hooks put into the context.
type hookKey string

const (
	ofBase hookKey = "base"
	ofConn hookKey = "conn"
)

// ofTLS is what a program may look at in Request.TLS.
func ofTLS(s *tls.ConnectionState) string {
	if s == nil {
		return "none"
	}
	_, err := s.ExportKeyingMaterial("test", nil, 8)
	return fmt.Sprintf("%s %s complete %v protocol %q for %q resumed %v, %d certificates, %d chains, keys %v",
		tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), s.HandshakeComplete, s.NegotiatedProtocol, s.ServerName, s.DidResume,
		len(s.PeerCertificates), len(s.VerifiedChains), err)
}

// hooks notes what the hooks of the server are given.
func hooks(s *side) {
	s.srv.BaseContext = func(l net.Listener) context.Context {
		s.see("BaseContext", "%T", l)
		return context.WithValue(context.Background(), ofBase, "base")
	}
	s.srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s.seeConn("ConnContext", c)
		s.see("ConnContext context", "%v, server %v", ctx.Value(ofBase), ctx.Value(http.ServerContextKey) == s.srv)
		return context.WithValue(ctx, ofConn, "conn")
	}
	s.srv.ConnState = func(c net.Conn, state http.ConnState) {
		s.see("ConnState", "%T %v", c, state)
		s.follow(c, state)
	}
}

// patient has the side wait for the end of each connection, where a client sees
// that before the server has written its log.
func patient(s *side) { s.srv.ConnState = s.follow }

func (s *side) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.begin()
	case http.StateClosed, http.StateHijacked:
		s.end()
	}
}

// seeConn notes what the program was given for a connection.
func (s *side) seeConn(what string, c net.Conn) {
	s.see(what, "%T", c)
	s.see(what+" can", "%s", abilities(c))
	if over, is := c.(*tls.Conn); is {
		s.see(what+" below TLS", "%T", over.NetConn())
		s.see(what+" handshake", "done %v", over.ConnectionState().HandshakeComplete)
	}
}

// abilities are the methods that programs ask a connection for.
func abilities(c net.Conn) string {
	var has []string
	for name, can := range map[string]func(net.Conn) bool{
		"CloseRead":        can[readCloser],
		"CloseWrite":       can[writeCloser],
		"ConnectionState":  can[interface{ ConnectionState() tls.ConnectionState }],
		"HandshakeContext": can[interface{ HandshakeContext(context.Context) error }],
		"NetConn":          can[interface{ NetConn() net.Conn }],
		"ReadFrom":         can[io.ReaderFrom],
		"SetKeepAlive":     can[interface{ SetKeepAlive(bool) error }],
		"SetLinger":        can[interface{ SetLinger(int) error }],
		"SetNoDelay":       can[interface{ SetNoDelay(bool) error }],
		"SyscallConn":      can[syscall.Conn],
		"WriteTo":          can[io.WriterTo],
	} {
		if can(c) {
			has = append(has, name)
		}
	}
	slices.Sort(has)
	return strings.Join(has, " ")
}

type (
	readCloser  interface{ CloseRead() error }
	writeCloser interface{ CloseWrite() error }
)

func can[I any](c net.Conn) bool {
	_, is := c.(I)
	return is
}

// dial connects a client. What is noted names its address, and the server's.
func (s *side) dial() net.Conn {
	c, err := net.Dial(s.l.Addr().Network(), s.l.Addr().String())
	if err != nil {
		s.see("dial", "%v", err)
		return nil
	}
	s.dialed++
	c.SetDeadline(time.Now().Add(time.Minute)) // of a test that hangs
	s.mu.Lock()
	defer s.mu.Unlock()
	if local := c.LocalAddr(); local.Network() == "tcp" {
		s.hidden = append(s.hidden, local.String(), "CLIENT")
	}
	return c
}

// A talk is what a client does on one connection.
type talk func(*side, net.Conn)

// plain has each talk on a connection of its own, in clear text.
func plain(talks ...talk) func(*side) {
	return func(s *side) {
		for _, talk := range talks {
			if c := s.dial(); c != nil {
				talk(s, c)
				c.Close()
				s.awaitEnds()
			}
		}
	}
}

// secure has each talk on a connection of its own, in TLS.
func secure(config *tls.Config, talks ...talk) func(*side) {
	return func(s *side) {
		plain(encrypted(config, talks...)...)(s)
	}
}

// encrypted is each talk after a handshake, if that succeeds.
func encrypted(config *tls.Config, talks ...talk) (all []talk) {
	config = config.Clone()
	config.InsecureSkipVerify = true
	config.ServerName = "localhost"
	config.CurvePreferences = []tls.CurveID{tls.X25519} // costs less
	if config.ClientSessionCache != nil {               // one for each side
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	for _, talk := range talks {
		all = append(all, func(s *side, nc net.Conn) {
			c := tls.Client(nc, config)
			if err := c.Handshake(); err != nil {
				s.seeClient("handshake", "refused")
				return
			}
			state := c.ConnectionState()
			s.seeClient("handshake", "%s protocol %q resumed %v", tls.VersionName(state.Version), state.NegotiatedProtocol, state.DidResume)
			s.seeClient("certificate", "%v", state.PeerCertificates[0].Subject)
			talk(s, c)
			c.Close()
		})
	}
	return all
}

// ask sends each request when the one before has been answered, then nothing
// more, and notes all that comes.
func ask(requests ...string) talk {
	return func(s *side, c net.Conn) {
		var got bytes.Buffer
		in := bufio.NewReader(io.TeeReader(c, &got))
		for _, request := range requests {
			if io.WriteString(c, request); !answer(in, request) {
				break
			}
		}
		c.(writeCloser).CloseWrite()
		io.Copy(io.Discard, in) // by FIN or RST: which, is a matter of time
		s.seeClient("answer", "%s", date.ReplaceAll(got.Bytes(), nil))
	}
}

var date = regexp.MustCompile(`(?m)^Date: .*\n`)

// answer reads the answer to a request, and returns false if there is none.
func answer(in *bufio.Reader, request string) bool {
	method, _, _ := strings.Cut(request, " ")
	for {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return false
		}
		if res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			_, err = io.Copy(io.Discard, res.Body)
			return err == nil
		}
	}
}

// await sends text, and waits until the server closes the connection.
func await(text string) talk {
	return func(s *side, c net.Conn) {
		io.WriteString(c, text)
		got, _ := io.ReadAll(c)
		s.seeClient("answer", "%s", date.ReplaceAll(got, nil))
	}
}

// send sends text, and waits until the server closes the connection: by FIN or RST,
// so that what has come before is seen or not.
func send(text string) talk {
	return func(s *side, c net.Conn) {
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

// leave sends text, is gone, and notes what comes.
func leave(text string) talk {
	return func(s *side, c net.Conn) {
		io.WriteString(c, text)
		c.(writeCloser).CloseWrite()
		await("")(s, c)
	}
}

// streams sends a request on each of n streams of HTTP/2, one after the other, and
// notes the frames of each.
func streams(n int) talk {
	return func(s *side, nc net.Conn) {
		c := newH2Client(s.t, nc)
		c.send([]byte(wire.Preface), allWindows)
		for range n {
			id := c.open("GET", "/stream", endStream)
			if !s.readFrames(c, endOf(id)) {
				return
			}
		}
		s.ping(c)
	}
}

// ping waits for the answer to a PING: then the server has taken note of all that
// it has written before.
func (s *side) ping(c *h2Client) {
	c.send(rawFrame(typePing, 0, 0, make([]byte, 8)...))
	s.readFrames(c, func(f frame) bool { return f.kind == typePing && f.flags&ack != 0 })
}

// endOf reports the frame by which the last of these streams has ended.
func endOf(streams ...uint32) func(frame) bool {
	return func(f frame) bool {
		if f.kind == typeRSTStream || (f.kind == typeData || f.kind == typeHeaders) && f.flags&endStream != 0 {
			streams = slices.DeleteFunc(streams, func(id uint32) bool { return id == f.stream })
		}
		return len(streams) == 0
	}
}

// readFrames notes frames up to the last, and returns false if the server has
// closed the connection before.
func (s *side) readFrames(c *h2Client, last func(frame) bool) bool {
	for {
		f, err := c.next()
		if err != nil {
			s.seeClient("frames", "the end")
			return false
		}
		what := fmt.Sprintf("frames of stream %d, type %d", f.stream, f.kind) // those of different types may come in any order
		switch {
		case f.kind == typeHeaders: // its size depends on the date
			s.seeClient(what, "flags %#x", f.flags)
		case f.kind == typeSettings && f.flags == 0:
			c.send(rawFrame(typeSettings, ack, 0))
			fallthrough
		default:
			s.seeClient(what, "flags %#x %q", f.flags, f.payload)
		}
		if last(f) {
			return true
		}
	}
}

// A connOfTransport notes that net/http's transport has closed it.
type connOfTransport struct {
	net.Conn
	closed func()
}

func (c connOfTransport) Close() error {
	c.closed()
	return c.Conn.Close()
}

// fetch has Go's own client send requests, with a body and a trailer each, and notes the answers.
func fetch(way string, requests int) talk {
	return func(s *side, c net.Conn) {
		var dialed atomic.Bool
		closed, noteClosed := context.WithCancel(s.t.Context())
		transport, url := transportOf(way, func(context.Context) (net.Conn, error) {
			if dialed.Swap(true) { // it asks for another while it has not yet put the first into its pool
				<-closed.Done() // or because it has left the first
				return nil, net.ErrClosed
			}
			return connOfTransport{c, noteClosed}, nil
		})
		defer noteClosed()
		defer transport.CloseIdleConnections()
		for range requests {
			body := struct{ io.Reader }{strings.NewReader("hello")}
			req, _ := http.NewRequest("POST", url+"fetch?a=b", body)
			req.Header.Set("Expect", "100-continue")
			req.Trailer = http.Header{"Before": {"the end"}}
			res, err := transport.RoundTrip(req)
			if err != nil {
				s.left = closed.Err() != nil
				s.seeClient("answer", "none")
				return
			}
			got, err := io.ReadAll(res.Body)
			res.Header.Del("Date")
			s.seeClient("answer", "%s %s %v\n%s%v %v", res.Proto, res.Status, res.Header, got, res.Trailer, err)
		}
	}
}
