package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// TLS is terminated here and not in net/http, because GOAWAY must be written between the
// frames before they are encrypted. net/http is given what was decrypted, and serves
// HTTP/2 on that as in clear text.

// HandshakeLimit is the time for a handshake if no timeout of http.Server is shorter.
const HandshakeLimit = 10 * time.Second

// PrefaceLimit is the time for a client of HTTP/2 to send its preface after the handshake,
// as in net/http when that terminates TLS. ReadHeaderTimeout, if set, replaces it.
const PrefaceLimit = 10 * time.Second

// handshakeTime is the time for a handshake, computed as net/http does.
func handshakeTime(srv *http.Server) time.Duration {
	limit := HandshakeLimit
	for _, d := range []time.Duration{srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout} {
		if d > 0 {
			limit = min(limit, d)
		}
	}
	return limit
}

// handshake does the TLS handshake of c, which has just been accepted, and returns c as
// net/http is to have it. If it returns an error, c is closed.
func (c *Conn) handshake(l *tlsListener) (net.Conn, error) {
	over := c.Conn.(*tls.Conn)
	s := c.records()
	limit := time.Now().Add(handshakeTime(l.srv))
	c.keepReadDeadline(limit)
	s.SetDeadline(limit)
	if err := c.awaitHello(s); err != nil {
		c.Close()
		return nil, err
	}
	if err := c.compute(l.base, over, s, l.slots); err != nil {
		c.refuse(l.srv, s, err)
		return nil, err
	}
	state := over.ConnectionState()
	if err := c.mustSpeak(l.srv, state); err != nil {
		c.doing.Store(nil)
		c.Close()
		return nil, err
	}
	c.keepReadDeadline(time.Time{})
	s.SetDeadline(time.Time{})
	c.requestBegun = false
	c.noteActivity()
	c.doing.Store(nil)
	c.announce()
	if state.NegotiatedProtocol == "h2" {
		c.requireHTTP2 = true
		c.SetReadDeadline(time.Now().Add(PrefaceLimit))
		if !l.http2OverTLS {
			return c, nil // without ConnectionState: net/http serves it as clear text
		}
	}
	return tlsConn{halfConn{c}}, nil
}

// compute does the handshake itself, in a slot.
func (c *Conn) compute(ctx context.Context, over *tls.Conn, s *recordConn, of slots) error {
	s.slot = &slot{of: of, cut: c.env.Hard.Done()}
	defer func() {
		s.slot.leave()
		s.slot = nil
	}()
	return over.HandshakeContext(ctx)
}

var errNotServed = errors.New("the protocol that was negotiated is not served")

// mustSpeak returns an error if the protocol that was negotiated is not served: net/http
// too would close the connection after the handshake. GetConfigForClient and NextProtos
// can have any protocol negotiated; acme-tls/1, for example, is used for the handshake
// only.
func (c *Conn) mustSpeak(srv *http.Server, state tls.ConnectionState) error {
	switch state.NegotiatedProtocol {
	case "", "http/1.1", "http/1.0":
		return nil
	case "h2":
		if srv.Protocols.UnencryptedHTTP2() { // as TLS.Apply has set it: HTTP/2 on what was decrypted
			return c.refuseInsecureHTTP2(srv, state)
		}
	}
	return errNotServed
}

// refuseInsecureHTTP2 refuses HTTP/2 over a version of TLS or a cipher suite that is too
// weak for it (RFC 9113, section 9.2), as net/http does when it terminates TLS.
func (c *Conn) refuseInsecureHTTP2(srv *http.Server, state tls.ConnectionState) error {
	switch {
	case state.Version < tls.VersionTLS12:
		return c.refuseHTTP2("TLS version too low")
	case state.Version == tls.VersionTLS12 && prohibited(state.CipherSuite) && (srv.HTTP2 == nil || !srv.HTTP2.PermitProhibitedCipherSuites):
		return c.refuseHTTP2(fmt.Sprintf("Prohibited TLS 1.2 Cipher Suite: %x", state.CipherSuite))
	}
	return nil
}

func (c *Conn) refuseHTTP2(reason string) error {
	c.Conn.Write(wire.Refusal(wire.InadequateSecurity, reason))
	return errors.New(reason)
}

// prohibited reports whether HTTP/2 prohibits a cipher suite of TLS 1.2 (RFC 9113,
// appendix A). Of those that Go has, HTTP/2 allows only these.
func prohibited(suite uint16) bool {
	switch suite {
	case tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
		return false
	}
	return true
}

// awaitHello waits for the first byte of the client. Until then the connection is idle,
// and is closed as an idle one is.
func (c *Conn) awaitHello(s *recordConn) error {
	n, err := c.readFrom(c, s.Conn, s.first[:])
	if n == 0 {
		return err
	}
	s.unread = true
	c.requestBegun = true
	c.publish() // so that the handshake is not interrupted
	return nil
}

// refuse ends a handshake that failed, as net/http does.
func (c *Conn) refuse(srv *http.Server, s *recordConn, err error) {
	reason := err.Error()
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		io.WriteString(s.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		reason = "client sent an HTTP request to an HTTPS server"
	}
	logError(srv, "http: TLS handshake error from %s: %s", c.RemoteAddr(), reason)
	c.doing.Store(nil)
	c.Close()
}

// logError writes to the log that net/http writes to.
func logError(srv *http.Server, format string, args ...any) {
	if srv.ErrorLog != nil {
		srv.ErrorLog.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}

func looksLikeHTTP(head [5]byte) bool {
	switch string(head[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// A tlsListener does each handshake in a goroutine of its own, so that a slow client does
// not delay other connections.
type tlsListener struct {
	*Listener
	srv   *http.Server
	base  context.Context // of handshakes: what BaseContext has returned, until the cut
	first sync.Once       // the first call of Accept
	slots slots
	ready chan net.Conn // connections whose handshake is done
	err   error         // what Accept returns in the end; set before over
	over  term.Latch    // no more connections will be ready
	Left  term.Latch    // net/http does not call Accept any more

	http2OverTLS bool // of srv
}

// NewTLSListener returns a listener that accepts from l, and returns connections whose
// handshake is done.
func NewTLSListener(l *Listener, srv *http.Server, t *TLS) *tlsListener {
	l.wrap = func(c net.Conn) net.Conn { return tls.Server(&recordConn{Conn: c}, t.Config) }
	return &tlsListener{Listener: l, srv: srv, base: l.Env.Hard, slots: newSlots(), ready: make(chan net.Conn), over: term.NewLatch(), Left: term.NewLatch(), http2OverTLS: t.http2OverTLS}
}

// Accept returns a connection whose handshake is done. net/http has called BaseContext
// before the first call, so l.base is set.
func (l *tlsListener) Accept() (net.Conn, error) {
	l.first.Do(func() { go l.run() })
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.over.Done:
		return nil, l.err
	}
}

// run accepts until the listener is shut, then waits for the handshakes. Only the number
// of handshakes that compute is bounded: if all were, clients that send nothing, or one
// byte, would reach the bound and shut out all others.
func (l *tlsListener) run() {
	var handshakes sync.WaitGroup
	l.err = program.Protect(func() error {
		for {
			c, err := l.acceptPatiently(l.logAccept)
			if err != nil {
				return err
			}
			handshakes.Go(func() { l.hand(c) })
		}
	})
	handshakes.Wait()
	l.over.Set()
}

// logAccept logs that Accept has failed, with the text that net/http uses.
func (l *tlsListener) logAccept(err error, wait time.Duration) {
	logError(l.srv, "http: Accept error: %v; retrying in %v", err, wait)
}

func (l *tlsListener) hand(c *Conn) {
	var ready net.Conn
	err := program.Protect(func() (err error) {
		ready, err = c.handshake(l)
		return err
	})
	if errors.Is(err, program.ErrPanic) {
		program.LogPanic(l.Env.Log, "panic in a TLS handshake", err, "from", c.Peer())
		program.Protect(c.Close)
	}
	if err != nil {
		return
	}
	select {
	case l.ready <- ready:
	case <-l.Left.Done:
		ready.Close()
	}
}
