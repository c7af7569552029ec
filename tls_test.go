package lameduck

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"go/build"
	"io"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/wire"

	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/testdata/golang.org/x/net/http2/h2c"
)

// startTLS runs p with a server of HTTP/1.1 and HTTP/2 over TLS.
func startTLS(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startServer(t, p, serverOf(t, "tls", h))
}

// A client that has connected and sends nothing, as browsers do in advance, is
// closed as any silent one, and holds nothing.
func TestSilentTLSClientDoesNotHoldTheExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, ok)
		x.terminate()
		time.Sleep(5 * time.Second)
		x.socket(largeRoom)
		x.endsAt(10 * time.Second)
		if n := x.conns.ClosedIdle.Load(); n != 1 {
			t.Errorf("%d connections were closed", n)
		}
	})
}

// secure is a client's side of TLS on a new connection, which offers those
// protocols. The handshake comes with the first byte.
func (x *trial) secure(room int, protocols ...string) (*tls.Conn, *memSocket) {
	x.t.Helper()
	nc, server := x.socket(room)
	return tls.Client(nc, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: protocols}), server
}

// A client that negotiates HTTP/2 and then uses HTTP/1 is not served, as it
// is not by net/http: a handler would find no Request.TLS.
func TestHTTP1WhereHTTP2WasNegotiated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, func(http.ResponseWriter, *http.Request) { t.Error("served") })
		c, _ := x.secure(largeRoom, "h2")
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		if n, err := io.Copy(io.Discard, c); n != 0 || err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("%d bytes, %v", n, err)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// A handshake that goes on when the listeners are closed already is waited
// for; then its connection is closed as any silent one.
func TestHandshakeThatEndsInTheClosingPhase(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startTLS(t, &Process{}, ok)
				x.terminate()
				time.Sleep(9*time.Second + 900*time.Millisecond)
				nc, _ := x.socket(largeRoom)
				slow := &slowWriter{nc, 2 * time.Millisecond}
				c := tls.Client(slow, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
				if err := c.Handshake(); err != nil {
					t.Error(err)
				}
				if after := time.Since(x.t0); after < 11*time.Second {
					t.Fatalf("the handshake took until %v after T0", after)
				}
				took, err := x.end()
				if err != nil || took > 20*time.Second {
					t.Errorf("ended %v after T0 with %v", took, err)
				}
			})
		})
	}
}

// A slowWriter sends byte by byte.
type slowWriter struct {
	*memSocket
	each time.Duration
}

func (w *slowWriter) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		time.Sleep(w.each)
		_, err = w.memSocket.Write(b[n : n+1])
		n++
	}
	return n, err
}

// getOver is a request over HTTP/1.1 and its whole answer.
func getOver(nc net.Conn) (*http.Response, error) {
	return (&client{nc, bufio.NewReader(nc)}).get("/")
}

// Handlers find Request.TLS as net/http sets it, with each protocol.
func TestRequestTLSIsComplete(t *testing.T) {
	own := certificate(t)
	for _, protocol := range []string{"", "http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := make(chan *tls.ConnectionState, 2) // two streams have two handlers at once
				srv := serverOf(t, "tls", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got <- r.TLS }))
				srv.TLSConfig.ClientAuth = tls.RequireAnyClientCert
				x := startServer(t, &Process{}, srv)
				nc, _ := x.socket(largeRoom)
				config := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", Certificates: []tls.Certificate{own}}
				if protocol != "" {
					config.NextProtos = []string{protocol}
				}
				over := tls.Client(nc, config)
				if protocol == "h2" {
					c := speakHTTP2(t, over)
					c.begin("/")
					c.begin("/")
					synctest.Wait()
				} else {
					c := &client{over, bufio.NewReader(over)}
					x.mustGet(c, "/")
					x.mustGet(c, "/")
				}
				if len(got) != 2 {
					t.Errorf("%d requests", len(got))
				}
				for range len(got) {
					if s := <-got; s == nil || !s.HandshakeComplete || s.Version != tls.VersionTLS13 || s.ServerName != "localhost" || s.NegotiatedProtocol != protocol || len(s.PeerCertificates) != 1 {
						t.Errorf("Request.TLS: %+v", s)
					}
				}
				x.terminate()
				x.endsAt(10 * time.Second)
			})
		})
	}
}

// A certificate may be exchanged while the server runs.
func TestCertificateReload(t *testing.T) {
	first, second := certificate(t), certificate(t)
	synctest.Test(t, func(t *testing.T) {
		var current atomic.Pointer[tls.Certificate]
		current.Store(&first)
		srv := &http.Server{Handler: http.HandlerFunc(ok), TLSConfig: &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
		}}
		x := startServer(t, &Process{}, srv)
		shown := func() []byte {
			c, _ := x.secure(largeRoom, "http/1.1")
			if _, err := getOver(c); err != nil {
				t.Fatal(err)
			}
			return c.ConnectionState().PeerCertificates[0].Raw
		}
		if !bytes.Equal(shown(), first.Certificate[0]) {
			t.Error("not the first certificate")
		}
		current.Store(&second)
		if !bytes.Equal(shown(), second.Certificate[0]) {
			t.Error("not the second certificate")
		}
		x.terminate()
		if !bytes.Equal(shown(), second.Certificate[0]) {
			t.Error("not the second certificate, after T0")
		}
		x.end()
	})
}

// Clients that take their time for the handshake keep no other waiting, and are
// closed when it is over.
func TestSlowHandshakesBlockNoOther(t *testing.T) {
	for name, test := range map[string]struct {
		srv     *http.Server
		clients int
		want    time.Duration
	}{
		"standard":          {&http.Server{}, many(5000), link.HandshakeLimit},
		"ReadHeaderTimeout": {&http.Server{ReadHeaderTimeout: 2 * time.Second}, 200, 2 * time.Second},
		"WriteTimeout":      {&http.Server{ReadTimeout: time.Minute, WriteTimeout: 3 * time.Second}, 200, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.srv.TLSConfig = serverOf(t, "tls", nil).TLSConfig
				test.srv.Handler = http.HandlerFunc(ok)
				x := startServer(t, &Process{}, test.srv)
				begun := time.Now()
				var slow []net.Conn
				for i := range test.clients {
					nc, _ := x.socket(largeRoom)
					nc.Write([]byte{22, 3, 1, 2, 0, 1}[:i%7]) // of a ClientHello, if that
					slow = append(slow, nc)
				}
				c, _ := x.secure(largeRoom)
				if res, err := getOver(c); err != nil || time.Since(begun) > 0 {
					t.Errorf("%v, %v, after %v", res, err, time.Since(begun))
				}
				for i, nc := range slow {
					_, err := nc.Read(make([]byte, 1))
					if took := time.Since(begun); err == nil || took != test.want {
						t.Fatalf("client %d was closed after %v, want %v: %v", i, took, test.want, err)
					}
				}
				x.terminate()
				x.end()
			})
		})
	}
}

// A record of which a part has come is waited for, and then what it carries is
// served.
func TestHalfARecordIsWaitedFor(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startTLS(t, &Process{Spread: -1}, ok)
				nc, _ := x.socket(largeRoom)
				w := &pausingWriter{memSocket: nc}
				over := tls.Client(w, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
				var ask func()
				var h2 *h2Client
				h1 := &client{over, bufio.NewReader(over)}
				if protocol == "h2" {
					h2 = speakHTTP2(t, over)
					ask = func() { h2.begin("/") }
				} else {
					ask = func() { io.WriteString(over, "GET / HTTP/1.1\r\nHost: test\r\n\r\n") }
					x.mustGet(h1, "/")
				}
				synctest.Wait()
				x.terminate()
				time.Sleep(9 * time.Second)
				w.pause.Store(int64(5 * time.Second)) // in the middle of the next record
				go ask()
				x.endsAt(14 * time.Second)
				if protocol == "h2" {
					if !h2.answered(1) {
						t.Error("no answer")
					}
				} else if res, err := h1.answer(); err != nil || !res.Close {
					t.Error(res, err)
				}
			})
		})
	}
}

// A pausingWriter pauses once, in the middle of what it writes.
type pausingWriter struct {
	*memSocket
	pause atomic.Int64
}

func (w *pausingWriter) Write(b []byte) (int, error) {
	pause := time.Duration(w.pause.Swap(0))
	if pause == 0 {
		return w.memSocket.Write(b)
	}
	n, err := w.memSocket.Write(b[:len(b)/2])
	time.Sleep(pause)
	if err != nil {
		return n, err
	}
	m, err := w.memSocket.Write(b[len(b)/2:])
	return n + m, err
}

// A client that sends clear text to the TLS port gets the answer of net/http.
func TestClearTextToTheTLSPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		srv := serverOf(t, "tls", http.HandlerFunc(ok))
		x := startServer(t, &Process{}, srv)
		srv.ErrorLog = stdlog.New(&log, "", 0)
		nc, _ := x.socket(largeRoom)
		res, err := getOver(nc)
		if err != nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%v, %v", res, err)
		}
		other, _ := x.socket(largeRoom)
		other.Write([]byte("SSH-2.0-OpenSSH_9.6\r\n"))
		if b, err := io.ReadAll(other); bytes.Contains(b, []byte("HTTP")) {
			t.Errorf("%q, %v", b, err)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
		if got := log.String(); strings.Count(got, "TLS handshake error from ") != 2 {
			t.Errorf("log %q", got)
		}
	})
}

// What the program offers in the handshake stays, in its order.
func TestNextProtosAreKept(t *testing.T) {
	http1, http2, both := new(http.Protocols), new(http.Protocols), new(http.Protocols)
	http1.SetHTTP1(true)
	http2.SetHTTP2(true)
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	for _, test := range []struct {
		own       []string
		protocols *http.Protocols
		want      []string
	}{
		{nil, nil, []string{"h2", "http/1.1"}},
		{nil, http1, []string{"http/1.1"}},
		{nil, http2, []string{"h2"}},
		{[]string{"acme-tls/1"}, both, []string{"acme-tls/1", "h2", "http/1.1"}},
		{[]string{"http/1.1", "h2"}, both, []string{"http/1.1", "h2"}},
		{[]string{"h2", "acme-tls/1"}, http1, []string{"acme-tls/1", "http/1.1"}},
	} {
		own := serverOf(t, "tls", nil).TLSConfig
		own.NextProtos = slices.Clone(test.own)
		found, err := link.TLSOf(&http.Server{TLSConfig: own, Protocols: test.protocols})
		if err != nil || !slices.Equal(found.Config.NextProtos, test.want) || !slices.Equal(own.NextProtos, test.own) {
			t.Errorf("own %q, protocols %v: %q, %v, want %q", test.own, test.protocols, found.Config.NextProtos, err, test.want)
		}
	}
}

// A protocol of the program's own is negotiated, and then nothing is served, as by
// net/http; one that no client offers is not.
func TestNegotiation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := serverOf(t, "tls", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served") }))
		srv.TLSConfig.NextProtos = []string{"other"}
		x := startServer(t, &Process{}, srv)
		c, _ := x.secure(largeRoom, "other")
		if res, err := getOver(c); err == nil || c.ConnectionState().NegotiatedProtocol != "other" {
			t.Error(res, err)
		}
		c, _ = x.secure(largeRoom, "unknown")
		if err := c.Handshake(); err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("handshake: %v", err)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// A client that negotiates HTTP/2 and then sends nothing is closed, as by net/http, which
// from Go 1.27 on does that itself: then it has sent SETTINGS before.
func TestSilentHTTP2ClientIsClosed(t *testing.T) {
	itself := slices.Contains(build.Default.ReleaseTags, "go1.27")
	for _, limit := range []time.Duration{0, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			srv := &http.Server{ReadHeaderTimeout: limit, TLSConfig: serverOf(t, "tls", nil).TLSConfig}
			want := link.PrefaceLimit
			if limit > 0 && !itself {
				want = limit
			}
			x := startServer(t, &Process{}, srv)
			c, _ := x.secure(largeRoom, "h2")
			if err := c.Handshake(); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			n, _ := io.Copy(io.Discard, c)
			if took := time.Since(begun); n > 0 != itself || took != want {
				t.Errorf("closed after %v and %d bytes, want %v", took, n, want)
			}
			x.terminate()
			x.endsAt(10 * time.Second)
		})
	}
}

// A handshake that began before T0 and ends after it, and one that began
// after: both connections are asked to close (golang/go#81153).
func TestHandshakeAfterT0IsAskedToClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, ok)
		nc, _ := x.socket(largeRoom)
		early := tls.Client(&slowWriter{nc, 2 * time.Millisecond}, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		shaken := make(chan error, 1)
		go func() { shaken <- early.Handshake() }()
		time.Sleep(500 * time.Millisecond) // it is under way
		x.terminate()
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		late, _ := x.secure(largeRoom, "h2")
		for name, nc := range map[string]net.Conn{"early": early, "late": late} {
			c := speakHTTP2(t, nc)
			begun := time.Now()
			for len(c.goAways()) == 0 && time.Since(begun) < time.Minute {
				time.Sleep(10 * time.Millisecond)
			}
			if took := time.Since(begun); took > 3*time.Second+link.AskWithin {
				t.Errorf("%s: asked after %v", name, took)
			}
		}
		x.endsAt(10 * time.Second)
	})
}

// What is in the accept queue, and has not shaken hands, when the listener
// closes is served too.
func TestHandshakesOfTheLastConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Delay: 300 * time.Millisecond, Quiet: 2 * time.Second, Spread: -1, Grace: 6 * time.Second, Reserve: time.Second}
	p.AddHTTP(serverOf(t, "tls", http.HandlerFunc(ok)), l)
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var clients sync.WaitGroup
	var served, refused atomic.Int64
	for range 8 {
		clients.Go(func() {
			for {
				nc, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					refused.Add(1)
					return
				}
				if _, err := getOver(tls.Client(nc, &tls.Config{InsecureSkipVerify: true})); err != nil {
					t.Errorf("connected, and not served: %v", err)
				}
				nc.Close()
				served.Add(1)
			}
		})
	}
	time.AfterFunc(100*time.Millisecond, terminate)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	clients.Wait()
	if served.Load() == 0 || refused.Load() != 8 {
		t.Errorf("%d served, %d refused", served.Load(), refused.Load())
	}
}

// At the cut a client that takes no last word of TLS, for which that waits 5 s,
// keeps no other from being closed.
func TestCutClosesAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := serverOf(t, "tls", http.HandlerFunc(ok))
		srv.TLSConfig.SessionTicketsDisabled = true // there is no room for them either
		x := startServer(t, &Process{Delay: -1, Quiet: -1, Spread: -1}, srv)
		for range 10 {
			over := tls.Client(x.mustDial(), &tls.Config{InsecureSkipVerify: true})
			if _, err := io.WriteString(over, "GET / HT"); err != nil {
				t.Fatal(err)
			}
		}
		x.terminate()
		if _, err := x.end(); !errors.Is(err, ErrCut) {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(6 * time.Second)
		if n := len(x.conns.List()); n > 0 {
			t.Errorf("%d connections are open 6 s after the cut", n)
		}
	})
}

// configured is srv after golang.org/x/net/http2.ConfigureServer.
func configured(srv *http.Server) *http.Server {
	if srv.TLSConfig == nil {
		srv.TLSConfig = new(tls.Config)
	}
	//lint:ignore SA1019 http2.ConfigureServer sets it
	srv.TLSConfig.PreferServerCipherSuites = true
	srv.TLSConfig.NextProtos = append(srv.TLSConfig.NextProtos, "h2", "http/1.1")
	if srv.TLSNextProto == nil {
		srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	srv.TLSNextProto["h2"] = func(*http.Server, *tls.Conn, http.Handler) {}
	srv.TLSNextProto["unencrypted_http2"] = srv.TLSNextProto["h2"]
	return srv
}

// protocols is a set of them, as http.Server.Protocols is.
func protocols(set ...func(*http.Protocols, bool)) *http.Protocols {
	p := new(http.Protocols)
	for _, set := range set {
		set(p, true)
	}
	return p
}

var (
	http1      = (*http.Protocols).SetHTTP1
	http2      = (*http.Protocols).SetHTTP2
	clearHTTP2 = (*http.Protocols).SetUnencryptedHTTP2
)

// A server with a TLSConfig and without a certificate is refused: in clear text
// it would serve what the program protects. The one exception is a TLSConfig that
// http2.ConfigureServer has made for HTTP/2 in clear text, and that is logged.
func TestTLSConfigWithoutACertificate(t *testing.T) {
	type nextProto = map[string]func(*http.Server, *tls.Conn, http.Handler)
	inClear := protocols(http1, clearHTTP2)
	for name, test := range map[string]struct {
		srv    *http.Server
		served bool
	}{
		"empty":                           {&http.Server{TLSConfig: &tls.Config{}}, false},
		"HTTP/2 switched off":             {&http.Server{TLSConfig: &tls.Config{}, TLSNextProto: nextProto{}}, false},
		"HTTP/2 switched off, ClientAuth": {&http.Server{TLSConfig: &tls.Config{ClientAuth: tls.RequireAnyClientCert}, TLSNextProto: nextProto{}}, false},
		"another protocol":                {&http.Server{TLSConfig: &tls.Config{}, TLSNextProto: nextProto{"other": nil}, Protocols: inClear}, false},
		"ConfigureServer":                 {configured(&http.Server{}), false},
		"ConfigureServer, both HTTP/2":    {configured(&http.Server{Protocols: protocols(http1, http2, clearHTTP2)}), false},
		"ConfigureServer, own NextProtos": {configured(&http.Server{TLSConfig: &tls.Config{NextProtos: []string{"acme-tls/1"}}, Protocols: inClear}), false},
		"ConfigureServer, clear HTTP/2":   {configured(&http.Server{Protocols: inClear}), true},
		"ConfigureServer, h2c":            {configured(&http.Server{Handler: h2c.NewHandler(http.NewServeMux())}), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newLogbook(t)
				p := &Process{Log: slog.New(log), Delay: -1}
				p.AddHTTP(test.srv, newMemListener())
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				err := p.Run(ctx)
				if served := err == nil; served != test.served || !served && !strings.Contains(err.Error(), "has no certificate\nhint: ") {
					t.Errorf("Run: %v, want it served: %v", err, test.served)
				}
				if logged := len(log.with("serves clear text although")) == 1; logged != test.served {
					t.Errorf("logged: %v, want %v", logged, test.served)
				}
			})
		})
	}
}

// Each field of a tls.Config that the program has set is taken for a wish of TLS.
func TestAnyFieldOfTLSConfigIsTheProgramsOwn(t *testing.T) {
	fields := reflect.VisibleFields(reflect.TypeFor[tls.Config]())
	for _, field := range fields {
		if !field.IsExported() || field.Name == "NextProtos" || field.Name == "PreferServerCipherSuites" {
			continue
		}
		srv := configured(&http.Server{Protocols: protocols(http1, clearHTTP2)})
		set(t, reflect.ValueOf(srv.TLSConfig).Elem().FieldByIndex(field.Index))
		if link.ClearTextByHTTP2(srv) {
			t.Errorf("%s is set, and clear text is served", field.Name)
		}
	}
	srv := configured(&http.Server{Protocols: protocols(http1, clearHTTP2)})
	srv.TLSConfig.SetSessionTicketKeys([][32]byte{{1}})
	if link.ClearTextByHTTP2(srv) {
		t.Error("session ticket keys are set, and clear text is served")
	}
}

// set makes v something else than its zero value.
func set(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint16:
		v.SetUint(1)
	case reflect.Array:
		set(t, v.Index(0))
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		v.SetString("set")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { panic("called") }))
	case reflect.Interface:
		for _, x := range []any{new(bytes.Buffer), tls.NewLRUClientSessionCache(1)} {
			if reflect.TypeOf(x).Implements(v.Type()) {
				v.Set(reflect.ValueOf(x))
			}
		}
	}
	if v.IsZero() {
		t.Fatalf("a %v is not set", v.Type())
	}
}

// Where HTTP/2 is switched off it is not offered in the handshake either, for
// net/http would answer those that speak it with HTTP/1.
func TestHTTP2IsSwitchedOff(t *testing.T) {
	cert := certificate(t)
	for name, test := range map[string]struct {
		godebug   string
		srv       *http.Server
		want      string // negotiated by a client that offers h2 and http/1.1
		wantError string
	}{
		"not":                   {"http2server=1", &http.Server{}, "h2", ""},
		"environment":           {"http2server=0", &http.Server{}, "http/1.1", ""},
		"environment, named":    {"http2server=0", &http.Server{Protocols: protocols(http1, http2)}, "http/1.1", ""},
		"environment, only one": {"http2server=0", &http.Server{Protocols: protocols(http2)}, "", "names HTTP/2 only"},
		"ConfigureServer":       {"http2server=0", configured(&http.Server{}), "h2", ""}, // as with net/http
		"ConfigureServer, old":  {"http2server=1", &http.Server{TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": nil}}, "", "update golang.org/x/net"},
		"TLSNextProto":          {"", &http.Server{TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}, "http/1.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GODEBUG", test.godebug)
			synctest.Test(t, func(t *testing.T) {
				test.srv.Handler = http.HandlerFunc(ok)
				test.srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
				if test.wantError != "" {
					_, err := link.TLSOf(test.srv)
					if err == nil || !strings.Contains(err.Error(), test.wantError) {
						t.Errorf("%v, want one about %q", err, test.wantError)
					}
					return
				}
				ofNetHTTP := test.srv.TLSNextProto == nil
				x := startServer(t, &Process{}, test.srv)
				c, _ := x.secure(largeRoom, "h2", "http/1.1")
				if err := c.Handshake(); err != nil || c.ConnectionState().NegotiatedProtocol != test.want {
					t.Errorf("negotiated %q, want %q: %v", c.ConnectionState().NegotiatedProtocol, test.want, err)
				}
				switch {
				case test.want == "http/1.1":
					if res, err := getOver(c); err != nil || res.StatusCode != 200 {
						t.Error(res, err)
					}
				case ofNetHTTP:
					client := newH2Client(t, c)
					go client.send([]byte(wire.Preface), allWindows)
					if f, err := client.next(); err != nil || f.kind != typeSettings {
						t.Errorf("h2 was negotiated, and the server sends %v, %v", f, err)
					}
				}
				x.terminate()
				x.end()
			})
		})
	}
}

// A server whose port was taken serves the same protocols when the program tries again.
func TestSecondTryAfterAPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for protocol, set := range map[string]*http.Protocols{"h2": nil, "http/1.1": protocols(http1)} {
		srv := &http.Server{Addr: taken.Addr().String(), Handler: http.HandlerFunc(ok), Protocols: set, TLSConfig: serverOf(t, "tls", nil).TLSConfig}
		var first Process
		first.AddHTTP(srv)
		if err := first.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("Run: %v", err)
		}
		if srv.Protocols != set {
			t.Errorf("Run has failed, and has set Protocols to %v", srv.Protocols)
		}
		synctest.Test(t, func(t *testing.T) {
			x := startServer(t, &Process{}, srv)
			c, _ := x.secure(largeRoom, "h2", "http/1.1")
			if err := c.Handshake(); err != nil || c.ConnectionState().NegotiatedProtocol != protocol {
				t.Errorf("negotiated %q, want %q: %v", c.ConnectionState().NegotiatedProtocol, protocol, err)
			}
			x.terminate()
			x.endsAt(10 * time.Second)
		})
	}
}
