package lameduck

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"
)

// TLS is terminated here and not in net/http, for a goodbye must be put
// between the frames before they are encrypted. net/http takes what it is
// given for clear text, on which it speaks HTTP/2 as well.

// clearHTTP2Key is that of HTTP/2 in clear text in http.Server.TLSNextProto, up to
// Go 1.26.
const clearHTTP2Key = "unencrypted_http2"

// handshakeLimit is the time for a handshake if http.Server sets none.
const handshakeLimit = 10 * time.Second

// secured returns the configuration of srv's listeners, nil if they speak
// clear text, and what net/http is to speak behind it: what it would itself. It
// leaves srv as it is, for the program may try again if its port is taken.
func secured(srv *http.Server) (config *tls.Config, behind *http.Protocols, err error) {
	protocols := protocolsOf(srv)
	if srv.TLSConfig == nil {
		if !protocols.HTTP1() && !protocols.UnencryptedHTTP2() {
			return nil, nil, errors.New("http.Server.Protocols names none that is spoken in clear text, and TLSConfig is not set\n" +
				"hint: Protocols.SetHTTP1(true) or SetUnencryptedHTTP2(true), or a TLSConfig with a certificate")
		}
		return nil, nil, nil
	}
	if clearTextByHTTP2(srv) {
		return nil, nil, nil
	}
	config = srv.TLSConfig.Clone()
	if len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, nil, errors.New("http.Server.TLSConfig has no certificate\n" +
			"hint: set Certificates, from tls.LoadX509KeyPair, or GetCertificate; for clear text set TLSConfig to nil, after http2.ConfigureServer too")
	}
	protocols, err = overTLS(srv, protocols)
	if err != nil {
		return nil, nil, err
	}
	config.NextProtos = nextProtos(config.NextProtos, protocols)
	behind = new(http.Protocols)
	behind.SetHTTP1(protocols.HTTP1())
	behind.SetUnencryptedHTTP2(protocols.HTTP2())
	return config, behind, nil
}

// overTLS is what of p is spoken over TLS. HTTP/2 must not be offered in the
// handshake where net/http, which is given what was decrypted, has none.
func overTLS(srv *http.Server, p http.Protocols) (http.Protocols, error) {
	if !p.HTTP1() && !p.HTTP2() {
		return p, errors.New("http.Server.Protocols names neither HTTP/1 nor HTTP/2, and TLSConfig is set\n" +
			"hint: Protocols.SetHTTP1(true) or SetHTTP2(true)")
	}
	for name, serve := range srv.TLSNextProto {
		switch name {
		case "h2", clearHTTP2Key, "http/1.1", "http/1.0", "": // net/http never calls the last three
		default:
			if serve != nil {
				return p, fmt.Errorf("http.Server.TLSNextProto has %q, which net/http can serve only where it terminates TLS\n"+
					"hint: serve that on a listener of its own: Process.ServeConn with tls.NewListener", name)
			}
		}
	}
	if !p.HTTP2() || hasHTTP2(srv) {
		return p, nil
	}
	if _, own := srv.TLSNextProto["h2"]; own {
		return p, errors.New("the HTTP/2 in http.Server.TLSNextProto works only where net/http terminates TLS\n" +
			"hint: update golang.org/x/net, or remove http2.ConfigureServer: net/http has HTTP/2 of its own")
	}
	if !p.HTTP1() {
		return p, errors.New("http.Server.Protocols names HTTP/2 only, and net/http has HTTP/2 switched off\n" +
			"hint: remove http2server=0 from GODEBUG, or Protocols.SetHTTP1(true)")
	}
	p.SetHTTP2(false)
	return p, nil
}

// hasHTTP2 reports whether net/http speaks HTTP/2 for srv on a connection that
// is no tls.Conn. GODEBUG=http2server=0, a //go:debug line and a build tag switch
// that off: all of them are seen in what net/http makes of an empty server.
func hasHTTP2(srv *http.Server) bool {
	empty := new(http.Server)
	empty.Serve(closedListener{})
	_, has := empty.TLSNextProto["h2"]
	_, byName := empty.TLSNextProto[clearHTTP2Key]
	if _, own := srv.TLSNextProto["h2"]; own {
		_, ownInClear := srv.TLSNextProto[clearHTTP2Key]
		return ownInClear || has && !byName
	}
	return has
}

// A closedListener is one on which a server gets as far as its first Accept.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }

// clearTextByHTTP2 reports whether srv speaks clear text although TLSConfig is
// set: golang.org/x/net/http2.ConfigureServer sets that on every server. It is
// read so only if TLSConfig holds nothing of the program's own, and if the
// program asks for HTTP/2 in clear text. Otherwise the certificate is missing
// more likely than the TLS is unwanted.
func clearTextByHTTP2(srv *http.Server) bool {
	if srv.TLSConfig == nil || srv.TLSNextProto["h2"] == nil || !asConfigureServerMakes(srv.TLSConfig) {
		return false
	}
	p := protocolsOf(srv)
	return isH2C(srv.Handler) || p.UnencryptedHTTP2() && !p.HTTP2()
}

// asConfigureServerMakes reports whether all that differs from an empty
// tls.Config is what http2.ConfigureServer sets. All fields are compared, also
// those that a later version of Go may add.
func asConfigureServerMakes(config *tls.Config) bool {
	for _, name := range config.NextProtos {
		if name != "h2" && name != "http/1.1" {
			return false
		}
	}
	rest := config.Clone() // its mutex is not locked
	//lint:ignore SA1019 http2.ConfigureServer sets it
	rest.NextProtos, rest.PreferServerCipherSuites = nil, false
	return reflect.ValueOf(rest).Elem().IsZero()
}

// protocolsOf is what net/http makes of Protocols and TLSNextProto.
func protocolsOf(srv *http.Server) http.Protocols {
	if srv.Protocols != nil {
		return *srv.Protocols
	}
	var p http.Protocols
	p.SetHTTP1(true)
	_, has := srv.TLSNextProto["h2"]
	p.SetHTTP2(srv.TLSNextProto == nil || has)
	return p
}

// nextProtos is what is offered in the handshake: the program's own list,
// with what is spoken added and what is not left out.
func nextProtos(own []string, p http.Protocols) []string {
	spoken := map[string]bool{"h2": p.HTTP2(), "http/1.1": p.HTTP1()}
	list := slices.DeleteFunc(slices.Clone(own), func(name string) bool {
		is, known := spoken[name]
		return known && !is
	})
	for _, name := range []string{"h2", "http/1.1"} {
		if spoken[name] && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// handshakeTime is the time for a handshake, as net/http has it.
func handshakeTime(srv *http.Server) time.Duration {
	limit := handshakeLimit
	for _, d := range []time.Duration{srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout} {
		if d > 0 {
			limit = min(limit, d)
		}
	}
	return limit
}

// A tlsConn is a conn with HTTP/1 over TLS: its method makes net/http set
// Request.TLS, and not look for HTTP/2.
type tlsConn struct {
	*conn
	state tls.ConnectionState
}

// ConnectionState is that of the handshake.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.state }

// handshake makes c, which has just been accepted, ready for net/http. It
// returns an error if the client did not come so far; c is closed then.
func (c *conn) handshake(srv *http.Server) (net.Conn, error) {
	over := c.Conn.(*tls.Conn)
	s := c.sock()
	limit := time.Now().Add(handshakeTime(srv))
	c.keepReadDeadline(limit)
	s.SetDeadline(limit)
	if err := c.awaitHello(s); err != nil {
		c.Close()
		return nil, err
	}
	if err := over.HandshakeContext(c.env.hard); err != nil {
		c.refuse(srv, s, err)
		return nil, err
	}
	c.keepReadDeadline(time.Time{})
	s.SetDeadline(time.Time{})
	c.begun = false
	c.quietNow()
	c.doing.Store(nil)
	c.env.conns.announce(c)
	if state := over.ConnectionState(); state.NegotiatedProtocol != "h2" {
		return &tlsConn{c, state}, nil
	}
	c.mustGreet = true
	return c, nil
}

// awaitHello waits for the first byte. Until then the connection is silent,
// and is closed as a silent one is.
func (c *conn) awaitHello(s *sock) error {
	n, err := c.readFrom(s.Conn, s.head[:1])
	if n == 0 {
		return err
	}
	s.headed = n
	c.begun = true
	c.publish() // no wake must come in the middle of a handshake
	return nil
}

// refuse ends a handshake that failed, as net/http does.
func (c *conn) refuse(srv *http.Server, s *sock, err error) {
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		io.WriteString(s.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
	logf := log.Printf
	if srv.ErrorLog != nil {
		logf = srv.ErrorLog.Printf
	}
	logf("http: TLS handshake error from %s: %v", c.RemoteAddr(), err)
	c.doing.Store(nil)
	c.Close()
}

func looksLikeHTTP(head [5]byte) bool {
	switch string(head[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// A sock is the connection under a tls.Conn. It follows the records, so that
// it is known whether a part of one has come, and can be read without waiting.
type sock struct {
	net.Conn
	head    [5]byte // of the record at hand (RFC 8446, section 5.1)
	have    int     // so many bytes of it have come
	left    int     // of the record, once the head is whole
	headed  int     // bytes of head that were read before the handshake
	looking bool    // reads do not wait
}

// sock returns what is under TLS, nil in clear text.
func (c *conn) sock() *sock {
	if over, ok := c.Conn.(*tls.Conn); ok {
		s, _ := over.NetConn().(*sock)
		return s
	}
	return nil
}

func (s *sock) halfway() bool { return s.have > 0 || s.left > 0 }

// Read is the tls.Conn's.
func (s *sock) Read(b []byte) (n int, err error) {
	switch {
	case s.headed > 0:
		n = copy(b, s.head[:s.headed])
		s.headed = 0
	case s.looking:
		if n, err = readNow(s.Conn, b); n == 0 && err == nil {
			err = os.ErrDeadlineExceeded
		}
	default:
		n, err = s.Conn.Read(b)
	}
	s.follow(b[:n])
	return n, err
}

// follow follows the records.
func (s *sock) follow(b []byte) {
	for len(b) > 0 {
		if s.left == 0 {
			n := copy(s.head[s.have:], b)
			s.have += n
			b = b[n:]
			if s.have == len(s.head) {
				s.have, s.left = 0, int(s.head[3])<<8|int(s.head[4])
			}
			continue
		}
		n := min(s.left, len(b))
		s.left -= n
		b = b[n:]
	}
}

// readRecords is readNow for TLS.
func readRecords(over *tls.Conn, b []byte) (n int, err error) {
	s, ok := over.NetConn().(*sock)
	if !ok { // the listener's own TLS: a record may be cut in two, and then waits
		over.SetReadDeadline(time.Now().Add(time.Millisecond))
		n, err = over.Read(b)
	} else {
		s.looking = true
		n, err = over.Read(b)
		s.looking = false
	}
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}

// A tlsListener does handshakes off the path of Accept, so that a slow client
// keeps nobody waiting.
type tlsListener struct {
	*listener
	srv   *http.Server
	ready chan net.Conn
	err   error // of Accept; set before over
	over  latch // no more will be ready
	left  latch // nobody accepts any more
}

func newTLSListener(l *listener, srv *http.Server, config *tls.Config) *tlsListener {
	l.wrap = func(c net.Conn) net.Conn { return tls.Server(&sock{Conn: c}, config) }
	t := &tlsListener{listener: l, srv: srv, ready: make(chan net.Conn), over: newLatch(), left: newLatch()}
	go t.run()
	return t
}

// Accept returns a connection whose handshake is done.
func (l *tlsListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.over.done:
		return nil, l.err
	}
}

// run accepts until the listener is shut, then waits for the handshakes. Their
// number has no bound, as with net/http: clients that send nothing, or one byte,
// would reach it and shut out all others.
func (l *tlsListener) run() {
	var handshakes sync.WaitGroup
	l.err = protect(func() error {
		for {
			c, err := l.acceptPatiently()
			if err != nil {
				return err
			}
			handshakes.Go(func() { l.hand(c) })
		}
	})
	handshakes.Wait()
	l.over.set()
}

func (l *tlsListener) hand(c *conn) {
	var ready net.Conn
	err := protect(func() (err error) {
		ready, err = c.handshake(l.srv)
		return err
	})
	if errors.Is(err, errPanic) {
		logPanic(l.env.log, "panic in a TLS handshake", err, "from", c.peer())
		protect(c.Close)
	}
	if err != nil {
		return
	}
	select {
	case l.ready <- ready:
	case <-l.left.done:
		ready.Close()
	}
}
