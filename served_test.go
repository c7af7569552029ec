package lameduck

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A program may make a server from the fields of one that was served. It behaves as
// after net/http has served the first.
func TestServerMadeFromTheFieldsOfAServedOne(t *testing.T) {
	config := tlsConfig(&tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	clear := plain(ask(get, "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", getLast), streams(1))
	for _, row := range []configRow{
		{name: "clear text", set: hooks, serve: (*http.Server).Serve, client: plain(ask(get, getLast))},
		{name: "clear text, HTTP/2", set: speak(http1, clearHTTP2), serve: (*http.Server).Serve, client: clear},
		{name: "TLS", set: all(hooks, config), client: eachKind},
		{name: "TLS, Protocols", set: all(config, speak(http1, http2)), client: eachKind},
		{name: "TLS, only HTTP/1", set: all(config, speak(http1)), client: eachKind},
		{name: "TLS, only HTTP/2", set: all(patient, config, speak(http2)), client: eachKind},
		{name: "TLS, clear text by the copy", set: all(config, speak(http1, http2, clearHTTP2)), serve: (*http.Server).Serve, client: clear},
		{name: "TLS, OPTIONS of its own", set: all(config, with(func(s *http.Server) { s.DisableGeneralOptionsHandler = true })),
			client: secure(offering(), ask("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", getLast))},
	} {
		t.Run(row.name, func(t *testing.T) {
			serve := row.serve
			if serve == nil {
				serve = serveAsConfigured
			}
			bare, ours := newSide(t, row.set), newSide(t, row.set)
			onceByNetHTTP(t, bare.srv)
			onceByProcess(t, ours.srv)
			for _, s := range []*side{bare, ours} {
				s.srv, s.seen = copyOf(s.srv), map[string]string{}
				s.byNetHTTP(serve, row.client)
			}
			row.compare(t, bare.seen, ours.seen)
		})
	}
}

// copyOf is a server with the same exported fields.
func copyOf(srv *http.Server) *http.Server {
	from, to := reflect.ValueOf(srv).Elem(), reflect.ValueOf(new(http.Server)).Elem()
	for i := range from.NumField() {
		if to.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return to.Addr().Interface().(*http.Server)
}

// onceByNetHTTP has net/http begin to serve srv.
func onceByNetHTTP(t *testing.T, srv *http.Server) {
	l := listenOn(t, "tcp")
	l.Close()
	serveAsConfigured(srv, l)
}

// onceByProcess has a Process begin to serve srv, and end.
func onceByProcess(t *testing.T, srv *http.Server) {
	p := &Process{Delay: -1, Quiet: -1, Spread: -1, Log: slog.New(slog.DiscardHandler)}
	p.AddHTTP(srv, listenOn(t, "tcp"))
	if err := p.Run(expired()); err != nil {
		t.Fatal(err)
	}
}

// Two servers may have one tls.Config, on which net/http alone would race: it changes
// that of a server that it serves.
func TestTLSConfigOfTheProgramIsNotChanged(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	p := &Process{Delay: -1, Quiet: -1, Log: slog.New(slog.DiscardHandler)}
	for range 2 {
		p.AddHTTP(&http.Server{TLSConfig: config, Handler: http.HandlerFunc(ok)}, listenOn(t, "tcp"))
	}
	if err := p.Run(expired()); err != nil {
		t.Fatal(err)
	}
	if len(config.NextProtos) > 0 {
		t.Errorf("NextProtos is %q", config.NextProtos)
	}
}

// A handler may call that of a server, its own or another, which Run has put the request
// path into. It is one request all the same, and what it writes its own.
func TestHandlerThatCallsOneOfAServedServer(t *testing.T) {
	for _, own := range []bool{true, false} {
		for _, protocol := range []string{"HTTP/1", "h2c"} {
			t.Run(fmt.Sprintf("%s, own=%v", protocol, own), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					other := &http.Server{Handler: http.HandlerFunc(ok)}
					srv := &http.Server{Protocols: protocols(http1, clearHTTP2)}
					inFlight := 0
					var x *trial
					srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/inner" {
							inFlight = len(x.Status().InFlight)
							ok(w, r)
							return
						}
						if !own || protocol == "HTTP/1" {
							r = r.Clone(r.Context())
						}
						r.URL.Path = "/inner"
						if own {
							srv.Handler.ServeHTTP(w, r)
						} else {
							inFlight = 1
							other.Handler.ServeHTTP(w, r)
						}
					})
					p := &Process{}
					p.AddHTTP(other, newMemListener())
					x = startServer(t, p, srv)
					x.terminate()
					time.Sleep(time.Second)
					get := func() { x.mustGet(x.mustDial(), "/outer") }
					if protocol == "h2c" {
						get = func() { x.getHTTP2("/outer") }
					}
					get()
					if n := x.Status().LateRequests; n != 1 || inFlight != 1 {
						t.Errorf("%d late requests, %d in flight, want 1", n, inFlight)
					}
					x.endsAt(10 * time.Second)
				})
			})
		}
	}
}

// A handler called again within a request begins no second answer: what looks like
// the head of one, in the body, is the program's.
func TestHandlerThatIsCalledAgainBehindTheHead(t *testing.T) {
	const body = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"
	synctest.Test(t, func(t *testing.T) {
		srv := &http.Server{}
		srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/inner" {
				io.WriteString(w, body)
				http.NewResponseController(w).Flush()
				return
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			http.NewResponseController(w).Flush()
			r.URL.Path = "/inner"
			srv.Handler.ServeHTTP(w, r)
		})
		x := startServer(t, &Process{}, srv)
		x.terminate()
		time.Sleep(time.Second)
		c := x.mustDial()
		io.WriteString(c, get)
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(res.Body); string(got) != body || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		x.endsAt(10 * time.Second)
	})
}

// A program may put the request into another context before Ready and Debug have it,
// as most middleware does.
func TestProbesBehindMiddleware(t *testing.T) {
	for _, way := range []string{"WithContext", "Clone"} {
		for _, path := range []string{"/ready", "/debug"} {
			t.Run(way+path, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := &http.Server{Protocols: protocols(http1, clearHTTP2)}
					answers := http.NewServeMux()
					answers.HandleFunc("/ready", Ready)
					var listed string
					answers.HandleFunc("/debug", func(_ http.ResponseWriter, r *http.Request) {
						w := httptest.NewRecorder()
						Debug(w, r)
						listed = w.Body.String()
					})
					srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if way == "Clone" {
							answers.ServeHTTP(w, r.Clone(r.Context()))
						} else {
							answers.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ofBase, "")))
						}
					})
					x := startServer(t, &Process{}, srv)
					x.terminate()
					time.Sleep(time.Second)
					x.getHTTP2(path)
					if s := x.Status(); s.LateRequests != 0 || s.LateConnections != 0 {
						t.Errorf("%d late requests, %d late connections", s.LateRequests, s.LateConnections)
					}
					if strings.Contains(listed, "GET /debug") {
						t.Errorf("Debug lists its own request:\n%s", listed)
					}
					x.endsAt(10 * time.Second)
				})
			})
		}
	}
}

// getHTTP2 sends a request on a connection of its own, in HTTP/2.
func (x *trial) getHTTP2(path string) {
	x.t.Helper()
	transport, url := transportOf("h2c", func(context.Context) (net.Conn, error) { return x.dial() })
	defer transport.CloseIdleConnections()
	req, _ := http.NewRequest("GET", url+path[1:], nil)
	res, err := transport.RoundTrip(req)
	if err != nil {
		x.t.Errorf("GET %s: %v", path, err)
		return
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}
