package lameduck

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a connection can do depends on what is under it. net/http takes one that has
// ReadFrom for a socket that sends files without a copy, and io.Copy one that has
// WriteTo for a socket that the kernel copies from.

// A recordingListener hands out connections that note the size of each Write.
type recordingListener struct {
	net.Listener
	wrap   func(*recordingConn) net.Conn
	mu     sync.Mutex
	writes []int
}

type recordingConn struct {
	net.Conn
	l *recordingListener
}

func (l *recordingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(&recordingConn{c, l}), nil
}

func (c *recordingConn) Write(b []byte) (int, error) {
	c.l.mu.Lock()
	c.l.writes = append(c.l.writes, len(b))
	c.l.mu.Unlock()
	return c.Conn.Write(b)
}

// A readerFrom has ReadFrom beside what a recordingConn has.
type readerFrom struct{ *recordingConn }

func (c readerFrom) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(c.recordingConn, r)
}

func listenOn(t *testing.T, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A file goes out in as many writes as with net/http, whatever is under the
// connection.
func TestWritesOfAFileAreThoseOfNetHTTP(t *testing.T) {
	bare := func(c *recordingConn) net.Conn { return c }
	for name, test := range map[string]struct {
		network string
		tls     bool
		wrap    func(*recordingConn) net.Conn
	}{
		"TLS":               {"tcp", true, bare},
		"Unix":              {"unix", false, bare},
		"without ReadFrom":  {"tcp", false, bare},
		"with ReadFrom":     {"tcp", false, func(c *recordingConn) net.Conn { return readerFrom{c} }},
		"TLS over ReadFrom": {"tcp", true, func(c *recordingConn) net.Conn { return readerFrom{c} }},
	} {
		for _, size := range []int{1500, 100 << 10} {
			t.Run(fmt.Sprint(name, " ", size), func(t *testing.T) {
				var writes [2][]int
				for i, ours := range []bool{false, true} {
					l := &recordingListener{Listener: listenOn(t, test.network), wrap: test.wrap}
					writes[i] = getFile(t, l, test.tls, ours, size)
				}
				if !slices.Equal(writes[0], writes[1]) {
					t.Errorf("writes of %d bytes, want those of net/http: %d", writes[1], writes[0])
				}
			})
		}
	}
}

// getFile has a file of so many bytes served on l, once, and returns the writes.
func getFile(t *testing.T, l *recordingListener, secure, ours bool, size int) []int {
	t.Helper()
	content := bytes.Repeat([]byte("x"), size)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	srv := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil // its bytes are always as many
		http.ServeContent(w, r, "x.txt", at, bytes.NewReader(content))
	})}
	if secure {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}, SessionTicketsDisabled: true, CurvePreferences: []tls.CurveID{tls.X25519},
			MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true)
	}
	if ours {
		defer run(t, func(p *Process) { p.AddHTTP(srv, l) })()
	} else {
		defer srv.Close()
		if secure {
			go srv.ServeTLS(l, "", "")
		} else {
			go srv.Serve(l)
		}
	}
	nc, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if secure {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
		if err := nc.(*tls.Conn).Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	l.mu.Lock()
	l.writes = nil // the certificate's signature has no fixed size
	l.mu.Unlock()
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil {
		t.Fatal(err)
	} else if n, err := io.Copy(io.Discard, res.Body); n != int64(size) || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes)
}

// run runs a Process with what add adds until it is stopped.
func run(t *testing.T, add func(*Process)) (stop func()) {
	p := &Process{Delay: -1, Quiet: -1, Spread: -1, Grace: 10 * time.Second, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	add(p)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	return func() {
		cancel()
		<-ended
	}
}

// A typedWriter notes what its ReadFrom is given.
type typedWriter struct{ types chan string }

func (w typedWriter) Write(b []byte) (int, error) { return len(b), nil }

func (w typedWriter) ReadFrom(r io.Reader) (int64, error) {
	w.types <- fmt.Sprintf("%T", r)
	return io.Copy(io.Discard, r)
}

// A proxy that copies from a connection of its own, or from one that it has taken
// over, gives the kernel the socket: splice(2) knows no other type.
func TestCopyFromAConnectionIsFromItsSocket(t *testing.T) {
	dst := typedWriter{make(chan string, 1)}
	copyFrom := func(c net.Conn) {
		defer c.Close()
		if n, err := io.Copy(dst, c); n != 5 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	add := map[string]func(*Process, net.Listener){
		"AddConn": func(p *Process, l net.Listener) {
			p.AddConn(l, func(_ context.Context, c net.Conn) { copyFrom(c) })
		},
		"hijacked": func(p *Process, l net.Listener) {
			p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(c, "taken\n")
				copyFrom(c)
			})}, l)
		},
	}
	for network, want := range map[string]string{"tcp": "net.tcpConnWithoutWriteTo", "unix": "*net.UnixConn"} {
		for name, add := range add {
			t.Run(name+" "+network, func(t *testing.T) {
				l := listenOn(t, network)
				defer run(t, func(p *Process) { add(p, l) })()
				nc, err := net.Dial(network, l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer nc.Close()
				if name == "hijacked" {
					io.WriteString(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
					io.ReadFull(nc, make([]byte, len("taken\n")))
				}
				io.WriteString(nc, "hello")
				nc.(interface{ CloseWrite() error }).CloseWrite()
				if got := <-dst.types; got != want {
					t.Errorf("copied from a %s, want %s", got, want)
				}
			})
		}
	}
}

// The connection that the listener has made is within reach: of hooks, of handlers
// and below TLS.
func TestNetConn(t *testing.T) {
	for _, way := range []string{"clear text", "tls"} {
		t.Run(way, func(t *testing.T) {
			l := listenOn(t, "tcp")
			seen := make(chan string, 10)
			see := func(where string, c net.Conn) {
				socket, ok := NetConn(c).(*net.TCPConn)
				if !ok || socket.RemoteAddr() != c.RemoteAddr() {
					t.Errorf("%s: NetConn(%T) is a %T", where, c, NetConn(c))
				}
				if over, ok := c.(*tls.Conn); ok {
					c = over.NetConn()
				}
				if s, ok := c.(syscall.Conn); !ok {
					t.Errorf("%s: %T is no syscall.Conn", where, c)
				} else if raw, err := s.SyscallConn(); err != nil || raw.Control(func(uintptr) {}) != nil {
					t.Errorf("%s: %v", where, err)
				}
				seen <- where
			}
			srv := serverOf(t, way, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				see("hijacked", c)
				c.Close()
			}))
			srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context { see("ConnContext", c); return ctx }
			srv.ConnState = func(c net.Conn, s http.ConnState) {
				if s == http.StateNew {
					see("ConnState", c)
				}
			}
			defer run(t, func(p *Process) { p.AddHTTP(srv, l) })()
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			if way == "tls" {
				nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			}
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
			io.Copy(io.Discard, nc)
			if len(seen) != 3 {
				t.Errorf("%d of 3 places", len(seen))
			}
			if NetConn(nc) != nc {
				t.Error("NetConn of another connection is not that")
			}
		})
	}
}
