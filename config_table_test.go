package lameduck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// What a program's http.Server does by net/http alone it does by a Process. A
// configRow is one configuration. It is served on a real socket by net/http, then
// by a Process, and all that clients, handlers and hooks see must be the same, but
// for the differences that the row explains.
type configRow struct {
	name      string
	godebug   string
	set       func(*side)                            // configures the server or the listener of one side
	serve     func(*http.Server, net.Listener) error // how the program calls net/http; nil: ServeTLS with a TLSConfig, else Serve
	client    func(*side)                            // nil: the server is refused at start
	explained []difference
}

// A difference is one by design.
type difference struct {
	what string
	ours string // is part of what is seen with a Process
	why  string
}

// headTime is how long a server waits for the rest of a head. What net/http answers
// depends on whether the first part had come by then.
const headTime = 300 * time.Millisecond

func TestConfigurationsAreServedAsByNetHTTP(t *testing.T) {
	rows := configRows(certificate(t), certificate(t))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.setGODEBUG(t)
			serve, bare, ours := row.sides(t)
			bare.byNetHTTP(serve, row.client)
			_, refused := bare.seen["start"]
			ours.byProcess(row.client, refused || row.refused())
			row.compare(t, bare.seen, ours.seen)
		})
	}
}

// setGODEBUG gives the program the row's, and runs a row that has none beside others.
func (row configRow) setGODEBUG(t *testing.T) {
	if row.godebug == "" {
		t.Parallel()
		return
	}
	t.Setenv("GODEBUG", row.godebug)
}

// sides are the row's two servers, and how net/http serves its own.
func (row configRow) sides(t *testing.T) (serve func(*http.Server, net.Listener) error, bare, ours *side) {
	if serve = row.serve; serve == nil {
		serve = serveAsConfigured
	}
	return serve, newSide(t, row.set), newSide(t, row.set)
}

// refused reports whether a Process refuses what net/http serves.
func (row configRow) refused() bool {
	return slices.ContainsFunc(row.explained, func(d difference) bool { return d.what == "start" })
}

// compare compares what was seen. If the server was refused, that is all.
func (row configRow) compare(t *testing.T, bare, ours map[string]string) {
	for what := range maps.Keys(merged(bare, ours)) {
		if row.refused() && what != "start" {
			continue
		}
		i := slices.IndexFunc(row.explained, func(d difference) bool { return d.what == what })
		switch same := bare[what] == ours[what]; {
		case same && i >= 0:
			t.Errorf("%s is explained, and is the same: %s", what, ours[what])
		case !same && i < 0:
			theirs, our := whereTheyDiffer(bare[what], ours[what])
			t.Errorf("%s\nnet/http: %s\nlameduck: %s", what, theirs, our)
		case !same && !row.explained[i].holds(ours[what]):
			t.Errorf("%s\nnet/http: %s\nlameduck: %s\nexplained: %s", what, bare[what], ours[what], row.explained[i].ours)
		}
	}
}

func (d difference) holds(ours string) bool {
	return d.ours == ours || d.ours != "" && strings.Contains(ours, d.ours)
}

// whereTheyDiffer returns the lines of both between those with which both begin and
// end.
func whereTheyDiffer(a, b string) (string, string) {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for len(as) > 0 && len(bs) > 0 && as[0] == bs[0] {
		as, bs = as[1:], bs[1:]
	}
	for len(as) > 0 && len(bs) > 0 && as[len(as)-1] == bs[len(bs)-1] {
		as, bs = as[:len(as)-1], bs[:len(bs)-1]
	}
	return strings.Join(as, "\n"), strings.Join(bs, "\n")
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// Requests of HTTP/1.
const (
	get        = "GET /path?a=b HTTP/1.1\r\nHost: test\r\nUser-Agent: test\r\n\r\n"
	post       = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: Before\r\n\r\n5\r\nhello\r\n0\r\nBefore: the end\r\n\r\n"
	getLast    = "GET /last HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
	getUpgrade = "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nbuffered"
)

func configRows(own, other tls.Certificate) []configRow {
	return slices.Concat(
		http1Rows(),
		handlerRows(),
		listenerRows(own),
		clearHTTP2Rows(),
		tlsRows(own, other),
		clientHelloRows(own, other),
		clientAuthRows(own, other),
		http2Rows(own),
		refusedRows(own),
	)
}

// all is each of set.
func all(set ...func(*side)) func(*side) {
	return func(s *side) {
		for _, set := range set {
			set(s)
		}
	}
}

// with is a set for the http.Server alone.
func with(set func(*http.Server)) func(*side) {
	return func(s *side) { set(s.srv) }
}

// http1Rows are clients of HTTP/1 and the fields that concern them.
func http1Rows() []configRow {
	return []configRow{
		{name: "nothing set", client: plain(ask(get, post, get, getLast), ask(get))},
		{name: "Handler nil", set: with(func(s *http.Server) { s.Handler = nil }), client: plain(ask(get))},
		{name: "HTTP/1.0", client: plain(
			ask("GET / HTTP/1.0\r\n\r\n"),
			ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"))},
		{name: "pipelining", client: plain(ask(get + post + get + getLast))},
		{name: "HEAD", client: plain(ask("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n", getLast))},
		{name: "Expect", client: plain(
			ask("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", getLast),
			ask("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
			ask("GET / HTTP/1.1\r\nHost: test\r\nExpect: more\r\n\r\n"))},
		{name: "OPTIONS *", client: plain(ask("OPTIONS * HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello", "OPTIONS / HTTP/1.1\r\nHost: test\r\n\r\n", getLast))},
		{name: "DisableGeneralOptionsHandler", set: with(func(s *http.Server) { s.DisableGeneralOptionsHandler = true }),
			client: plain(ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", getLast))},
		{name: "absolute-form", client: plain(ask("GET http://other/path HTTP/1.1\r\nHost: test\r\n\r\n", "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n"))},
		{name: "bad requests", client: plain(
			ask("GET / HTTP/1.1\r\n\r\n"),
			ask("GET\r\n\r\n"),
			ask("GET / HTTP/3.0\r\nHost: test\r\n\r\n"),
			ask("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n"),
			ask("GET / HTTP/1.1\r\nHost: test\r\nA b: c\r\n\r\n"),
			ask("GET /x;a?b;c HTTP/1.1\r\nHost: test\r\n\r\n"),
			ask("\x16\x03\x01\x00\x05hello\r\n\r\n"))},
		{name: "MaxHeaderBytes", set: with(func(s *http.Server) { s.MaxHeaderBytes = 1 }),
			client: plain(ask("GET / HTTP/1.1\r\nHost: test\r\nLong: " + strings.Repeat("x", 4200) + "\r\n\r\n"))},
		{name: "SetKeepAlivesEnabled", set: with(func(s *http.Server) { s.SetKeepAlivesEnabled(false) }), client: plain(ask(get, get))},
		{name: "ReadHeaderTimeout", set: with(func(s *http.Server) { s.ReadHeaderTimeout = headTime }), client: plain(await("GET / HT"))},
		{name: "ReadTimeout", set: with(func(s *http.Server) { s.ReadTimeout = headTime }), client: plain(await("GET / HT"))},
		{name: "WriteTimeout", set: with(func(s *http.Server) { s.WriteTimeout = time.Nanosecond }), client: plain(await(get))},
		{name: "IdleTimeout", set: with(func(s *http.Server) { s.IdleTimeout = 10 * time.Millisecond }), client: plain(await(get))},
		{name: "timeouts", set: with(timeouts), client: plain(ask(get, post, getLast))},
		{name: "hooks", set: hooks, client: plain(ask(get, get, getLast), ask(get), ask())},
		{name: "client uses TLS", client: secure(offering(), ask(get))},
		{name: "client asks for h2c", client: plain(ask("GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", getLast))},
		{name: "client begins with HTTP/2", client: plain(ask(wire.Preface))},
		{name: "TLSNextProto in clear text", set: with(func(s *http.Server) { s.TLSNextProto = nextProto{} }), client: plain(ask(get))},
	}
}

// handle is a set of what the handler does.
func handle(h func(*side, http.ResponseWriter, *http.Request)) func(*side) {
	return func(s *side) {
		s.handle(func(w http.ResponseWriter, r *http.Request) { h(s, w, r) })
	}
}

// handlerRows are what handlers do with a connection.
func handlerRows() []configRow {
	hijackedTCP := hijackedAs("link.socketConn", "CloseRead CloseWrite NetConn ReadFrom SyscallConn WriteTo")
	return []configRow{
		{name: "ResponseWriter", set: handle(seeWriter), client: plain(ask(get))},
		{name: "ResponseController", set: handle(control), client: plain(ask(post, getLast))},
		{name: "Hijack", set: handle(hijack), client: plain(ask(getUpgrade)), explained: hijackedTCP},
		{name: "Hijack, hooks", set: all(hooks, handle(hijack)), client: plain(ask(getUpgrade)), explained: hijackedTCP},
		{name: "Hijack of a client's HTTP/2", set: handle(hijack), client: plain(ask(wire.Preface + "more")), explained: hijackedTCP},
		{name: "panic", set: all(patient, handle(func(_ *side, w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "begun")
			if r.URL.Path == "/last" {
				panic(http.ErrAbortHandler)
			}
			panic("as intended")
		})), client: plain(ask(get), ask(getLast))},
		{name: "client goes away", set: handle(func(s *side, w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			s.see("cause", "%v", context.Cause(r.Context()))
		}), client: plain(leave(get))},
		{name: "parts", set: handle(func(_ *side, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>")
			w.WriteHeader(http.StatusEarlyHints)
			for range 3 {
				io.WriteString(w, "part")
				http.NewResponseController(w).Flush()
			}
			w.Header().Set(http.TrailerPrefix+"After", "the body")
		}), client: plain(ask(get, getLast))},
		{name: "body that is too large", set: handle(func(_ *side, w http.ResponseWriter, r *http.Request) {
			http.MaxBytesReader(w, r.Body, 2).Read(make([]byte, 5))
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}), client: plain(ask(post, get))},
		{name: "file", set: handle(func(_ *side, w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.txt", time.Unix(0, 0), strings.NewReader(strings.Repeat("x", 10000)))
		}), client: plain(ask(get, "GET / HTTP/1.1\r\nHost: test\r\nRange: bytes=5-7\r\n\r\n", getLast))},
		{name: "TimeoutHandler", set: func(s *side) { s.srv.Handler = http.TimeoutHandler(s.srv.Handler, time.Hour, "") }, client: plain(ask(get, getLast))},
	}
}

// hijackedAs explains what a handler is given that takes a connection over.
func hijackedAs(name, can string) []difference {
	return []difference{
		{"hijacked", name, "it is asked to leave, waited for, and cut; NetConn returns the listener's own"},
		{"hijacked can", can, "options of a socket are set through SyscallConn or NetConn"},
	}
}

// seeWriter notes what a handler is given to write to.
func seeWriter(s *side, w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	_, pusher := w.(http.Pusher)
	_, flusher := w.(http.Flusher)
	_, hijacker := w.(http.Hijacker)
	_, readerFrom := w.(io.ReaderFrom)
	_, stringWriter := w.(io.StringWriter)
	s.see("ResponseWriter", "%T Pusher %v Flusher %v Hijacker %v ReaderFrom %v StringWriter %v", w, pusher, flusher, hijacker, readerFrom, stringWriter)
}

// control notes what a ResponseController can do.
func control(s *side, w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	s.see("EnableFullDuplex", "%v", rc.EnableFullDuplex())
	s.see("SetWriteDeadline", "%v", rc.SetWriteDeadline(time.Now().Add(time.Hour)))
	s.see("Flush", "%v", rc.Flush())
	body, err := io.ReadAll(r.Body)
	s.see("body", "%q %v", body, err)
	s.see("SetReadDeadline", "%v", rc.SetReadDeadline(time.Unix(1, 0)))
	if r.ProtoMajor > 1 {
		_, _, err := rc.Hijack()
		s.see("Hijack", "%v", err)
	}
	io.WriteString(w, "done")
}

// hijack takes the connection over, and notes what it is given.
func hijack(s *side, w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	c, rw, err := rc.Hijack()
	if err != nil {
		s.see("Hijack", "%v", err)
		return
	}
	_, _, again := rc.Hijack()
	_, late := io.WriteString(w, "late")
	s.see("Hijack", "again: %v, Write: %v", again, late)
	s.see("addresses", "%v %v, context %v", c.LocalAddr(), c.RemoteAddr(), r.Context().Err())
	s.see("buffers", "%d to read, %d to write", rw.Reader.Size(), rw.Writer.Size())
	s.seeConn("hijacked", c)
	io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n")
	rw.Flush()
	rest, err := io.ReadAll(rw) // what has come beside the request, up to the FIN
	s.see("rest", "%q %v", rest, err)
	io.WriteString(c, "the rest")
	c.SetReadDeadline(time.Unix(1, 0))
	_, err = c.Read(make([]byte, 1))
	s.see("Read after the deadline", "%v", errors.Is(err, os.ErrDeadlineExceeded))
	if half, is := c.(writeCloser); is {
		s.see("CloseWrite", "%v", half.CloseWrite())
	}
	first, second := c.Close(), c.Close()
	s.see("Close", "%v, again %v", first, errors.Is(second, net.ErrClosed))
	_, err = c.Write([]byte("late"))
	s.see("Write after Close", "%v", errors.Is(err, net.ErrClosed))
}

// A listenerOf hands out what of makes of its connections. Its first errors are
// those of failing.
type listenerOf struct {
	net.Listener
	of      func(net.Conn) net.Conn
	failing []error
}

func (l *listenerOf) Accept() (net.Conn, error) {
	if len(l.failing) > 0 {
		err := l.failing[0]
		l.failing = l.failing[1:]
		return nil, err
	}
	c, err := l.Listener.Accept()
	if err != nil || l.of == nil {
		return c, err
	}
	return l.of(c), nil
}

// of is a set of a listener that hands out what wrap makes of its connections.
func of(wrap func(net.Conn) net.Conn) func(*side) {
	return func(s *side) { s.l = &listenerOf{Listener: s.l, of: wrap} }
}

// failing is a set of a listener whose first Accepts fail.
func failing(errs ...error) func(*side) {
	return func(s *side) { s.l = &listenerOf{Listener: s.l, failing: slices.Clone(errs)} }
}

func onUnixSocket(s *side) {
	s.l.Close()
	s.l = listenOn(s.t, "unix")
}

// listenerRows are listeners that a program gives to Serve.
func listenerRows(own tls.Certificate) []configRow {
	onlyConn := of(func(c net.Conn) net.Conn { return struct{ net.Conn }{c} })
	embedded := of(func(c net.Conn) net.Conn { return struct{ *net.TCPConn }{c.(*net.TCPConn)} })
	emfile := &net.OpError{Op: "accept", Err: syscall.EMFILE}
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	client := secure(offering(), ask(get))
	tlsOfItsOwn := []difference{{"start", "returns connections of TLS, and lameduck needs those under it\nhint: ", "what asks an HTTP/2 client to leave is put between frames, below TLS"}}
	return []configRow{
		{name: "unix socket", set: onUnixSocket, client: plain(ask(get, getLast))},
		{name: "unix socket, Hijack", set: all(onUnixSocket, hooks, handle(hijack)), client: plain(ask(getUpgrade)),
			explained: hijackedAs("link.unixConn", "CloseRead CloseWrite NetConn SyscallConn WriteTo")},
		{name: "wrapped connections", set: all(onlyConn, hooks), client: plain(ask(get, post, getLast))},
		{name: "wrapped connections, Hijack", set: all(onlyConn, handle(hijack)), client: plain(ask(getUpgrade)),
			explained: hijackedAs("*link.Conn", "NetConn SyscallConn WriteTo")},
		{name: "embedded sockets", set: all(embedded, hooks), client: plain(ask(get, post, getLast))},
		{name: "embedded sockets, Hijack", set: all(embedded, handle(hijack)), client: plain(ask(getUpgrade)),
			explained: hijackedAs("link.socketConn", "CloseRead CloseWrite NetConn ReadFrom SyscallConn WriteTo")},
		{name: "too many open files", set: failing(emfile), client: plain(ask(get))},
		{name: "too many open files, TLS", set: all(failing(emfile), tlsConfig(config)), client: client},
		{name: "listener that fails", set: failing(errors.New("as intended"))},
		{name: "tls.NewListener", set: func(s *side) { s.l = tls.NewListener(s.l, config) }, client: client, explained: tlsOfItsOwn},
		{name: "listener with TLS of its own", set: of(func(c net.Conn) net.Conn { return tls.Server(c, config) }), client: client, explained: tlsOfItsOwn},
		{name: "listener with wrapped TLS", set: of(func(c net.Conn) net.Conn { return struct{ *tls.Conn }{tls.Server(c, config)} }), client: client, explained: tlsOfItsOwn},
	}
}

// speak is a set of http.Server.Protocols.
func speak(set ...func(*http.Protocols, bool)) func(*side) {
	return with(func(s *http.Server) { s.Protocols = protocols(set...) })
}

type nextProto = map[string]func(*http.Server, *tls.Conn, http.Handler)

func timeouts(s *http.Server) {
	s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout = time.Hour, time.Hour, time.Hour, time.Hour
}

// clearHTTP2Rows are those with HTTP/2 in clear text.
func clearHTTP2Rows() []configRow {
	client := plain(ask(get), streams(2), fetch("h2c", 2), leave(wire.Preface[:20]))
	return []configRow{
		{name: "clear text: HTTP/1", set: speak(http1), client: client},
		{name: "clear text: HTTP/1 and 2", set: speak(http1, clearHTTP2), client: client},
		{name: "clear text: HTTP/2", set: speak(clearHTTP2), client: client},
		{name: "clear text: all", set: speak(http1, http2, clearHTTP2), client: client},
		{name: "clear text: HTTP/1, HTTP/2 over TLS", set: speak(http1, http2), client: client},
		{name: "clear text: TLSNextProto empty", set: all(speak(http1, clearHTTP2), with(func(s *http.Server) { s.TLSNextProto = nextProto{} })), client: client},
		{name: "clear text: http2server=0", godebug: "http2server=0", set: speak(http1, clearHTTP2), client: client},
		{name: "clear text: http2.ConfigureServer", serve: (*http.Server).Serve, set: all(speak(http1, clearHTTP2), with(func(s *http.Server) { configured(s) })), client: plain(ask(get))},
		{name: "clear text: unix socket", set: all(onUnixSocket, speak(clearHTTP2)), client: plain(streams(2), fetch("h2c", 2))},
		{name: "clear text: hooks", set: all(hooks, speak(http1, clearHTTP2)), client: plain(streams(2), ask(get))},
		{name: "clear text: HTTP2Config", set: all(speak(clearHTTP2), with(http2Config)), client: plain(streams(1))},
		{name: "clear text: timeouts", set: all(speak(clearHTTP2), with(timeouts)), client: plain(streams(2), fetch("h2c", 2))},
		{name: "clear text: ReadHeaderTimeout", set: all(speak(clearHTTP2), with(func(s *http.Server) { s.ReadHeaderTimeout = headTime })),
			client: plain(await(wire.Preface[:10]))},
		{name: "clear text: SetKeepAlivesEnabled", set: all(speak(clearHTTP2), with(func(s *http.Server) { s.SetKeepAlivesEnabled(false) })), client: plain(streams(2))},
		{name: "clear text: ResponseController", set: all(speak(clearHTTP2), handle(control)), client: plain(fetch("h2c", 1))},
		{name: "clear text: ResponseWriter", set: all(speak(clearHTTP2), handle(seeWriter)), client: plain(fetch("h2c", 1))},
		{name: "clear text: Push", set: all(speak(clearHTTP2), handle(push)), client: plain(pushed)},
	}
}

// http2Config sets what the server's SETTINGS show.
func http2Config(s *http.Server) {
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 7, MaxReadFrameSize: 1 << 17, MaxDecoderHeaderTableSize: 1 << 13,
		MaxReceiveBufferPerConnection: 1 << 18, MaxReceiveBufferPerStream: 1 << 17}
	s.MaxHeaderBytes = 1 << 14
}

// pushed is the talk of a client that takes what is pushed.
func pushed(s *side, nc net.Conn) {
	c := newH2Client(s.t, nc)
	c.send([]byte(wire.Preface), allWindows)
	c.open("GET", "/", endStream)
	s.readFrames(c, endOf(1, 2))
}

// push pushes another answer.
func push(s *side, w http.ResponseWriter, r *http.Request) {
	if pusher, is := w.(http.Pusher); is && r.URL.Path != "/pushed" {
		s.see("Push", "%v", pusher.Push("/pushed", nil))
	}
	s.see("TLS of "+r.URL.Path, "%s", ofTLS(r.TLS))
}

// tlsConfig is a set of a clone of config.
func tlsConfig(config *tls.Config) func(*side) {
	return func(s *side) { s.srv.TLSConfig = config.Clone() }
}

// offering is the configuration of a client that offers these protocols.
func offering(names ...string) *tls.Config { return &tls.Config{NextProtos: names} }

// inTurn is one client after the other.
func inTurn(clients ...func(*side)) func(*side) { return all(clients...) }

// eachKind is a client of each kind over TLS.
var eachKind = inTurn(
	secure(offering(), ask(get, getLast)),
	secure(offering("http/1.1"), ask(get)),
	secure(offering("h2", "http/1.1"), streams(1)),
)

// Hooks are given a tls.Conn, as by net/http.
var hooksOverTLS = []difference{
	{"BaseContext", "*net.TCPListener", "it is the program's own; net/http gives the tls.NewListener over it"},
	{"ConnContext handshake", "done true", "net/http asks a connection that is no tls.Conn for Request.TLS before it reads: it is given that when the handshake is done"},
	{"ConnContext below TLS", "*link.recordConn", "records are followed there; NetConn returns what is below"},
}

// tlsRows are those of TLSConfig.
func tlsRows(own, other tls.Certificate) []configRow {
	server := func(change func(*tls.Config)) func(*side) {
		config := &tls.Config{Certificates: []tls.Certificate{own}}
		if change != nil {
			change(config)
		}
		return tlsConfig(config)
	}
	nextProtos := func(names ...string) func(*side) {
		return server(func(c *tls.Config) { c.NextProtos = names })
	}
	tls10 := server(func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 })
	cbc := server(func(c *tls.Config) {
		c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	})
	onlyCBC := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}, NextProtos: []string{"h2"}}
	remembering := func() *tls.Config { return &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)} }
	return []configRow{
		{name: "Certificates", set: server(nil), client: inTurn(eachKind, secure(offering(), ask(wire.Preface)), plain(fetch("tls", 2)))},
		{name: "GetCertificate", set: tlsConfig(&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &other, nil }}), client: eachKind},
		{name: "NextProtos h2", set: nextProtos("h2"), client: eachKind},
		{name: "NextProtos http/1.1", set: nextProtos("http/1.1"), client: eachKind},
		{name: "NextProtos http/1.0", set: nextProtos("http/1.0"), client: secure(offering("http/1.0"), ask(get))},
		{name: "NextProtos acme-tls/1", set: nextProtos("h2", "http/1.1", "acme-tls/1"), client: inTurn(eachKind, secure(offering("acme-tls/1"), ask(get)))},
		{name: "protocol that is not offered", set: all(patient, server(nil)), client: secure(offering("unknown"), ask(get))},
		{name: "TLSNextProto empty", set: all(server(nil), with(func(s *http.Server) { s.TLSNextProto = nextProto{} })), client: eachKind},
		{name: "http2server=0", godebug: "http2server=0", set: server(nil), client: eachKind},
		{name: "Protocols HTTP/1", set: all(server(nil), speak(http1)), client: eachKind},
		{name: "Protocols HTTP/2", set: all(patient, server(nil), speak(http2)), client: eachKind},
		{name: "Protocols HTTP/1 and 2", set: all(server(nil), speak(http1, http2)), client: eachKind},
		{name: "Protocols HTTP/1, clear text HTTP/2", set: all(server(nil), speak(http1, clearHTTP2)), client: eachKind},
		{name: "Protocols all", set: all(server(nil), speak(http1, http2, clearHTTP2)), client: inTurn(eachKind, secure(offering(), ask(wire.Preface)))},

		{name: "MinVersion", set: all(patient, server(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 })), client: secure(&tls.Config{MaxVersion: tls.VersionTLS12}, ask(get))},
		{name: "MaxVersion", set: server(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), client: eachKind},
		{name: "HTTP/1 over TLS 1.1", set: tls10, client: secure(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, ask(get))},
		{name: "HTTP/2 over TLS 1.1", set: tls10, client: secure(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, NextProtos: []string{"h2"}}, streams(1))},
		{name: "HTTP/2 with a prohibited cipher suite", set: cbc, client: secure(onlyCBC, streams(1))},
		{name: "HTTP/2 with one that is permitted", set: all(cbc, with(func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{PermitProhibitedCipherSuites: true} })),
			client: secure(onlyCBC, streams(1))},
		{name: "session tickets", set: server(nil), client: secure(remembering(), ask(get), ask(get))},
		{name: "SetSessionTicketKeys", set: all(server(nil), with(func(s *http.Server) { s.TLSConfig.SetSessionTicketKeys([][32]byte{{1}}) })),
			client: secure(remembering(), ask(get), ask(get))},
		{name: "SessionTicketsDisabled", set: server(func(c *tls.Config) { c.SessionTicketsDisabled = true }), client: secure(remembering(), ask(get), ask(get))},

		{name: "clear text", set: all(patient, server(nil)), client: plain(await(get), await("SSH-2.0-OpenSSH_9.6\r\n"))},
		{name: "clear text by Serve", set: server(nil), serve: (*http.Server).Serve, client: plain(ask(get)), explained: []difference{
			{"connection 1: answer", "Client sent an HTTP request to an HTTPS server", "a TLSConfig that is set means TLS: what it protects is never served in clear text"},
			{"requests", "", "the same"},
			{"ErrorLog", "client sent an HTTP request to an HTTPS server", "the same"},
		}},
		{name: "HTTP/1 where h2 was negotiated", set: all(patient, server(nil)), client: secure(offering("h2"), send(get)), explained: []difference{
			{"ErrorLog", "", "net/http is not given what has come, for it would take it for HTTP/1"},
		}},
		{name: "TLS, hooks", set: all(hooks, server(nil)), client: inTurn(secure(offering("h2"), streams(2)), secure(offering(), ask(getLast))), explained: hooksOverTLS},
		{name: "TLS, hooks, handshake that fails", set: all(hooks, server(nil)), client: secure(offering("unknown"), ask(get)), explained: []difference{
			hooksOverTLS[0],
			{"ConnContext", "", "hooks are called after the handshake, for net/http asks for Request.TLS before it reads"},
			{"ConnContext context", "", "the same"},
			{"ConnContext can", "", "the same"},
			{"ConnContext handshake", "", "the same"},
			{"ConnContext below TLS", "", "the same"},
			{"ConnState", "", "the same"},
		}},
		{name: "TLS, Hijack", set: all(server(nil), handle(hijack)), client: secure(offering(), ask(getUpgrade)), explained: append(
			hijackedAs("link.tlsConn", "CloseWrite ConnectionState NetConn SyscallConn WriteTo"),
			difference{"hijacked handshake", "", "it is no tls.Conn"},
			difference{"hijacked below TLS", "", "it is no tls.Conn"})},
	}
}

// clientHelloRows are those of GetConfigForClient.
func clientHelloRows(own, other tls.Certificate) []configRow {
	// hello is a server whose configuration changes with the ClientHello.
	hello := func(other *tls.Config) func(*side) {
		return tlsConfig(&tls.Config{Certificates: []tls.Certificate{own}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return other, nil }})
	}
	owns := []tls.Certificate{own}
	return []configRow{
		{name: "GetConfigForClient, no certificate beside it", set: tlsConfig(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: owns}, nil
		}}), client: eachKind},
		{name: "GetConfigForClient, other certificate", set: hello(&tls.Config{Certificates: []tls.Certificate{other}}), client: eachKind},
		{name: "GetConfigForClient, h2", set: hello(&tls.Config{Certificates: owns, NextProtos: []string{"h2"}}), client: eachKind},
		{name: "GetConfigForClient, h2 that is not served", set: all(hello(&tls.Config{Certificates: owns, NextProtos: []string{"h2"}}), speak(http1)), client: eachKind},
		{name: "GetConfigForClient, h2 with http2server=0", godebug: "http2server=0", set: hello(&tls.Config{Certificates: owns, NextProtos: []string{"h2"}}), client: eachKind},
		{name: "GetConfigForClient, protocol that is not served", set: hello(&tls.Config{Certificates: owns, NextProtos: []string{"unknown"}}), client: secure(offering("unknown"), ask(get))},
		{name: "GetConfigForClient, ClientAuth", set: all(patient, hello(&tls.Config{Certificates: owns, ClientAuth: tls.RequireAnyClientCert})), client: eachKind},
		{name: "GetConfigForClient, error", set: all(patient, tlsConfig(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, errors.New("as intended")
		}})), client: eachKind},
		{name: "ClientHelloInfo", set: func(s *side) {
			hooks(s)
			s.srv.TLSConfig = &tls.Config{Certificates: owns, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				ctx := hello.Context()
				s.see("hello context", "%v, server %v", ctx.Value(ofBase), ctx.Value(http.ServerContextKey) == s.srv)
				s.see("hello context of the connection", "%v", ctx.Value(ofConn))
				s.see("hello addresses", "%v %v", hello.Conn.LocalAddr(), hello.Conn.RemoteAddr())
				s.see("hello socket", "%T", NetConn(hello.Conn))
				s.seeConn("hello", hello.Conn)
				return nil, nil
			}}
		}, client: secure(offering(), ask(get)), explained: append(slices.Clone(hooksOverTLS),
			difference{"hello", "*link.recordConn", "records are followed there; NetConn returns what is below"},
			difference{"hello can", "NetConn SyscallConn", "the same"},
			difference{"hello context of the connection", "<nil>", "ConnContext is called after the handshake"})},
	}
}

// clientAuthRows are those of client certificates.
func clientAuthRows(own, other tls.Certificate) (rows []configRow) {
	known := x509.NewCertPool()
	if leaf, err := x509.ParseCertificate(other.Certificate[0]); err == nil {
		known.AddCert(leaf)
	}
	config := func(auth tls.ClientAuthType) func(*side) {
		return tlsConfig(&tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: auth, ClientCAs: known})
	}
	showing := func(certificate tls.Certificate, protocols ...string) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: protocols}
	}
	for auth := tls.NoClientCert; auth <= tls.RequireAndVerifyClientCert; auth++ {
		rows = append(rows, configRow{name: "ClientAuth " + auth.String(), set: all(patient, config(auth)), client: inTurn(
			secure(offering(), ask(get)),
			secure(showing(own), ask(get)), // the server does not know it
			secure(showing(other), ask(get)),
			secure(showing(other, "h2"), streams(1)),
		)})
	}
	return rows
}

// http2Rows are those with HTTP/2 over TLS.
func http2Rows(own tls.Certificate) []configRow {
	server := tlsConfig(&tls.Config{Certificates: []tls.Certificate{own}})
	client := secure(offering("h2"), streams(2))
	return []configRow{
		{name: "HTTP/2: HTTP2Config", set: all(server, with(http2Config)), client: client},
		{name: "HTTP/2: timeouts", set: all(server, with(timeouts)), client: client},
		{name: "HTTP/2: SetKeepAlivesEnabled", set: all(server, with(func(s *http.Server) { s.SetKeepAlivesEnabled(false) })), client: client},
		{name: "HTTP/2: ResponseController", set: all(server, handle(control)), client: plain(fetch("tls", 1))},
		{name: "HTTP/2: ResponseWriter", set: all(server, handle(seeWriter)), client: plain(fetch("tls", 1))},
		{name: "HTTP/2: Push", set: all(server, handle(push)), client: secure(offering("h2"), pushed)},
		{name: "HTTP/2: panic", set: all(server, handle(func(*side, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), client: client},
		{name: "HTTP/2: parts", set: all(server, handle(func(_ *side, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "part")
			http.NewResponseController(w).Flush()
			w.Header().Set(http.TrailerPrefix+"After", "the body")
		})), client: client},
	}
}

// refusedRows are servers that are refused at start.
func refusedRows(own tls.Certificate) []configRow {
	server := func(s *side) { s.srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{own}} }
	client := secure(offering(), ask(get))
	nothingServed := "net/http would close each connection: Run refuses it at start"
	return []configRow{
		{name: "refused: no certificate", set: tlsConfig(new(tls.Config)), explained: []difference{
			{"start", "http.Server.TLSConfig has no certificate\nhint: ", "net/http's own error is about a file without a name"}}},
		{name: "refused: cipher suites without HTTP/2's", set: all(server, with(func(s *http.Server) { s.TLSConfig.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA} }))},
		{name: "refused: BaseContext returns nil", set: with(func(s *http.Server) { s.BaseContext = func(net.Listener) context.Context { return nil } })},
		{name: "refused: server that was closed", set: with(func(s *http.Server) { s.Close() }), explained: []difference{
			{"start", http.ErrServerClosed.Error(), "with the advice to remove that call"}}},
		{name: "refused: own protocol", set: all(server, with(func(s *http.Server) {
			s.TLSConfig.NextProtos = []string{"echo"}
			s.TLSNextProto = nextProto{"echo": func(_ *http.Server, c *tls.Conn, _ http.Handler) { io.Copy(c, c) }}
		})), client: secure(offering("echo"), leave("hello")), explained: []difference{
			{"start", "which net/http can serve only where it terminates TLS\nhint: ", "AddConn serves it"}}},
		{name: "refused: Protocols none, TLS", set: all(server, speak()), client: client, explained: []difference{
			{"start", "names neither HTTP/1 nor HTTP/2, and TLSConfig is set\nhint: ", nothingServed}}},
		{name: "refused: Protocols clear text HTTP/2, TLS", set: all(server, speak(clearHTTP2)), client: client, explained: []difference{
			{"start", "names neither HTTP/1 nor HTTP/2, and TLSConfig is set\nhint: ", nothingServed}}},
		{name: "refused: Protocols none", set: speak(), client: plain(ask(get)), explained: []difference{
			{"start", "none that is served in clear text, and TLSConfig is not set\nhint: ", nothingServed}}},
		{name: "refused: Protocols HTTP/2 in clear text", set: speak(http2), client: plain(ask(get)), explained: []difference{
			{"start", "none that is served in clear text, and TLSConfig is not set\nhint: ", nothingServed}}},
		{name: "refused: HTTP/2 with http2server=0", godebug: "http2server=0", set: all(server, speak(http2)), client: client, explained: []difference{
			{"start", "names HTTP/2 only, and net/http has HTTP/2 switched off\nhint: ", nothingServed}}},
	}
}
