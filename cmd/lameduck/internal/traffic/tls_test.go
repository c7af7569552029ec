package traffic

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestTLS: every pattern is served over TLS, on as many connections as in clear
// text.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.TLS == nil || r.TLS.ServerName != "shop" || r.TLS.NegotiatedProtocol != "http/1.1" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	for _, p := range patterns {
		t.Run(p.Name, func(t *testing.T) {
			cfg := to(dialer(server.Listener.Addr().String()))
			cfg.takes, cfg.Host, cfg.TLS = time.Millisecond, "shop:443", timeline.TLSOn
			s := newSingle(t, p.Name, cfg)
			for range 3 {
				s.attempt()
			}
			conns := map[uint64]bool{}
			for _, a := range s.end() {
				conns[a.Conn] = true
				if a.Dropped() || a.Status != 200 || a.End != timeline.Open || !a.TLS {
					t.Errorf("%+v", a)
				}
			}
			want := 1
			switch p.Name {
			case "new":
				want = 3
			case "slow":
				want = 2
			}
			if len(conns) != want {
				t.Errorf("%d connections, want %d", len(conns), want)
			}
		})
	}
}

// TestTLSEnds: how a connection with TLS ended is seen through TLS: between two
// requests, during one, and in the handshake.
func TestTLSEnds(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	certificate.Close()
	config := &tls.Config{Certificates: certificate.TLS.Certificates}
	for _, tt := range []struct {
		name   string
		script func(p *peer, c *tls.Conn)
		idle   bool // the connection ends while it is idle
		cause  timeline.Cause
		phase  timeline.Phase
		end    timeline.End
	}{
		{"close_notify while idle", func(_ *peer, c *tls.Conn) { exchange(c, page); _ = c.Close() }, true, "", "", timeline.FIN},
		{"fin while idle", func(_ *peer, c *tls.Conn) { exchange(c, page) }, true, "", "", timeline.FIN},
		{"reset while idle", func(p *peer, c *tls.Conn) { exchange(c, page); p.reset() }, true, "", "", timeline.Broken},
		{"408 while idle", func(p *peer, c *tls.Conn) {
			exchange(c, page+"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		}, true, "", "", timeline.Announced},
		{"closed unanswered", func(_ *peer, c *tls.Conn) { exchange(c, ""); _ = c.Close() }, false, timeline.EOF, timeline.WaitPhase, timeline.Broken},
		{"half an answer", func(_ *peer, c *tls.Conn) { exchange(c, page[:len(page)-1]); _ = c.Close() }, false, timeline.Truncated, timeline.ReceivePhase, timeline.Broken},
		{"closed in the handshake", func(p *peer, _ *tls.Conn) { p.closeWrite() }, false, timeline.EOF, timeline.HandshakePhase, timeline.Broken},
		{"reset in the handshake", func(p *peer, _ *tls.Conn) { _, _ = p.in.ReadByte(); p.reset() }, false, timeline.Reset, timeline.HandshakePhase, timeline.Broken},
		{"no TLS", func(p *peer, _ *tls.Conn) { p.write(page); p.closeWrite() }, false, timeline.Malformed, timeline.HandshakePhase, timeline.Broken},
		{"alert", func(p *peer, _ *tls.Conn) { _ = tls.Server(p, &tls.Config{}).Handshake(); p.closeWrite() }, false, timeline.Malformed, timeline.HandshakePhase, timeline.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(_ int, p *peer) { tt.script(p, tls.Server(p, config)) })
			cfg := to(dialer(server.addr))
			cfg.TLS, cfg.Limits.DialTimeout, cfg.Limits.Timeout = timeline.TLSOn, time.Minute, time.Minute
			s := newSingle(t, "keepalive", cfg)
			s.attempt()
			if tt.idle {
				arrived(t, s.idle())
			}
			a := only(t, s)
			if a.Cause != tt.cause || a.Phase != tt.phase || a.End != tt.end || a.Conn == 0 {
				t.Errorf("cause %q (%s), phase %q, end %q; want %q, %q, %q", a.Cause, a.Detail, a.Phase, a.End, tt.cause, tt.phase, tt.end)
			}
		})
	}
}

// exchange reads a request and writes an answer.
func exchange(c *tls.Conn, answer string) {
	if _, err := readRequest(bufio.NewReader(c)); err == nil {
		_, _ = io.WriteString(c, answer)
	}
}

// TestDetect: TLS is found where there is any, and a setting is left as it is.
func TestDetect(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for _, tt := range []struct {
		server *httptest.Server
		set    timeline.TLS
		want   timeline.TLS
	}{
		{plain, timeline.TLSAuto, timeline.TLSOff},
		{secure, timeline.TLSAuto, timeline.TLSOn},
		{plain, timeline.TLSOn, timeline.TLSOn},
		{secure, timeline.TLSOff, timeline.TLSOff},
	} {
		s := request(timeline.Request{TLS: tt.set})
		if got := s.Detect(t.Context(), to(dialer(tt.server.Listener.Addr().String())).Env).TLS; got != tt.want {
			t.Errorf("%s with %q: %q, want %q", tt.server.URL, tt.set, got, tt.want)
		}
	}
}
