package lameduck

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// One connection's panic does not drop the others.
func TestPanicInAddConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		l := newMemListener()
		p.AddConn(l, func(_ context.Context, c net.Conn) {
			b := make([]byte, 5)
			io.ReadFull(c, b)
			if string(b) == "panic" {
				panic("as intended")
			}
			c.Write(b)
		})
		x := start(t, p, ok)
		dial := func() net.Conn {
			client, server := net.Pipe()
			l.conns <- server
			return client
		}
		bad, good := dial(), dial()
		io.WriteString(bad, "panic")
		if _, err := bad.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the panic: %v, want EOF", err)
		}
		io.WriteString(good, "hello")
		b := make([]byte, 5)
		if _, err := io.ReadFull(good, b); string(b) != "hello" || err != nil {
			t.Errorf("the other: %q, %v", b, err)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// exhausted is a listener that fails for a while, as one does when there are
// too many open files.
type exhausted struct {
	*memListener
	left int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.left--; l.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.memListener.Accept()
}

func TestAcceptIsTriedAgain(t *testing.T) {
	for _, way := range []string{"conn", "tls"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{}
				l := &exhausted{memListener: newMemListener(), left: 5}
				if way == "tls" {
					p.AddHTTP(serverOf(t, "tls", http.HandlerFunc(ok)), l)
				} else {
					p.AddConn(l, func(_ context.Context, c net.Conn) { io.WriteString(c, "hello") })
				}
				x := start(t, p, ok)
				client, server := net.Pipe()
				l.conns <- server
				var err error
				if way == "tls" {
					err = tls.Client(client, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context())
				} else {
					_, err = io.ReadAll(client)
				}
				if err != nil {
					t.Error(err)
				}
				client.Close()
				x.terminate()
				x.endsAt(10 * time.Second)
			})
		})
	}
}

// One http.Server on two listeners serves the same protocols on both.
func TestServerThatWasAddedTwice(t *testing.T) {
	srv := serverOf(t, "tls", http.HandlerFunc(ok))
	p := &Process{Delay: -1, Quiet: -1}
	var addrs []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p.AddHTTP(srv, l)
		addrs = append(addrs, l.Addr().String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for _, addr := range addrs {
		c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if proto := c.ConnectionState().NegotiatedProtocol; proto != "h2" {
			t.Errorf("%s agreed on %q", addr, proto)
		}
		c.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A gRPC server that other code stops shuts the Process down normally.
func TestServerThatIsStoppedByTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		s := stopped(make(chan struct{}))
		p.AddGRPC(s, nil, newMemListener())
		x := start(t, p, ok)
		x.t0 = time.Now()
		close(s)
		took, err := x.end()
		if took < 10*time.Second || err == nil || errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "stopped by the program") {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}

type stopped chan struct{}

func (s stopped) Serve(net.Listener) error { <-s; return nil }
func (stopped) GracefulStop()              {}
func (stopped) Stop()                      {}

// A tlsOfItsOwn is a listener that returns what of makes of a connection, as that
// of golang.org/x/crypto/acme/autocert does.
type tlsOfItsOwn struct {
	*memListener
	of func(net.Conn) net.Conn
}

func (l tlsOfItsOwn) Accept() (net.Conn, error) {
	c, err := l.memListener.Accept()
	if err != nil {
		return nil, err
	}
	return l.of(c), nil
}

// A connection that is TLS already is not served as clear text: handlers would
// find no Request.TLS, and clients no HTTP/2.
func TestListenerWithTLSOfItsOwn(t *testing.T) {
	config := serverOf(t, "tls", nil).TLSConfig
	for name, of := range map[string]func(net.Conn) net.Conn{
		"tls.Conn": func(c net.Conn) net.Conn { return tls.Server(c, config) },
		"wrapped":  func(c net.Conn) net.Conn { return struct{ *tls.Conn }{tls.Server(c, config)} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{}
				x := startWith(t, p, func(l net.Listener) {
					h := func(http.ResponseWriter, *http.Request) { t.Error("served") }
					p.AddHTTP(&http.Server{Handler: http.HandlerFunc(h)}, tlsOfItsOwn{l.(*memListener), of})
				})
				go getOver(tls.Client(x.mustDial(), &tls.Config{InsecureSkipVerify: true}))
				x.t0 = time.Now()
				if _, err := x.end(); err == nil || !strings.Contains(err.Error(), "returns connections of TLS, and") {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
}
