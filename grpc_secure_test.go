package lameduck

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
)

// A secureGRPC has credentials as grpc-go's server has them: it does the handshake of
// TLS itself, on each connection that it accepts, and serves what is over that.
type secureGRPC struct {
	*fakeGRPC
	config    *tls.Config
	unwrapped bool // the credentials are not those of module grpc
}

func (s secureGRPC) Serve(l net.Listener) error {
	ready := make(chan net.Conn)
	over := make(chan struct{})
	go s.Server.Serve(&handedListener{l, ready, over})
	defer close(over)
	var handshakes sync.WaitGroup
	defer handshakes.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		handshakes.Go(func() {
			if c, err := s.secure(c); err == nil {
				ready <- c
			}
		})
	}
}

// secure does what credentials do, which close the connection of a handshake that fails.
func (s secureGRPC) secure(c net.Conn) (net.Conn, error) {
	handshake := func(below net.Conn) (net.Conn, error) {
		over := tls.Server(below, s.config)
		if err := over.Handshake(); err != nil {
			over.Close()
			return nil, err
		}
		return over, nil
	}
	if s.unwrapped {
		return handshake(c)
	}
	return c.(interface {
		Secure(func(net.Conn) (net.Conn, error)) (net.Conn, error)
	}).Secure(handshake)
}

// A handedListener accepts what it is handed.
type handedListener struct {
	net.Listener
	ready chan net.Conn
	over  chan struct{}
}

func (l *handedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

// startSecureGRPC runs p with a gRPC server that has credentials.
func startSecureGRPC(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startGRPC(t, p, newSecureGRPC(t, h), nil)
}

func newSecureGRPC(t *testing.T, h http.HandlerFunc) secureGRPC {
	return secureGRPC{fakeGRPC: newFakeGRPC(h), config: &tls.Config{Certificates: []tls.Certificate{certificate(t)}, NextProtos: []string{"h2"}}}
}

// Over a server's own TLS everything is as in clear text: streams finish, late ones
// are served and counted, and each client is asked to leave at its own moment.
func TestGRPCWithCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, sleepyHandler)
		nc, _ := x.secure(largeRoom, "h2")
		idle := speakHTTP2(t, nc)
		nc, _ = x.secure(largeRoom, "h2")
		caller := speakHTTP2(t, nc)
		unary := caller.begin("/shop.Orders/List?for=1s")
		stream := caller.begin("/shop.Orders/Follow?for=15s")
		synctest.Wait()
		if status := x.Status(); status.Connections != 2 || len(status.InFlight) != 2 {
			t.Errorf("before T0: %+v, want two streams on two connections", status)
		}
		x.terminate()
		time.Sleep(5 * time.Second)
		late := caller.begin("/shop.Orders/List")
		x.endsAt(15 * time.Second)
		for _, id := range []uint32{unary, stream, late} {
			if body, whole := caller.body(id); string(body) != "ok" || !whole {
				t.Errorf("stream %d: %q, whole %v", id, body, whole)
			}
		}
		for _, c := range []*h2Client{idle, caller} {
			if asked := c.goAways(); len(asked) != 2 || asked[0].at.Sub(x.t0) > 3*time.Second+link.AskWithin || asked[0].number() != 1<<31-1 {
				t.Errorf("GOAWAYs %v", asked)
			}
			<-c.ended
			if c.end != io.EOF {
				t.Errorf("the connection ended with %v, want the close_notify of TLS", c.end)
			}
		}
		if n := x.state.Current.Load().LateReqs.Load(); n != 1 {
			t.Errorf("%d late requests, want 1", n)
		}
	})
}

// The same server, where its credentials do the handshake on the connection itself:
// nothing can be put between the frames, and the log has what to do about it.
func TestGRPCWithCredentialsThatAreNotWrapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		s := newSecureGRPC(t, ok)
		s.unwrapped = true
		s.graceful = func() { s.Close() }
		x := startGRPC(t, &Process{Log: slog.New(slog.NewTextHandler(&text, nil))}, s, nil)
		for range 2 {
			nc, _ := x.secure(largeRoom, "h2")
			c := speakHTTP2(t, nc)
			c.begin("/shop.Orders/List")
			synctest.Wait()
			if !c.answered(1) {
				t.Error("no answer")
			}
			if len(c.goAways()) > 0 {
				t.Error("a GOAWAY before T0")
			}
		}
		x.terminate()
		x.end()
		if n := strings.Count(text.String(), "Wrap them in Credentials of github.com/lameduck-dev/lameduck/grpc"); n != 1 {
			t.Errorf("the hint is in the log %d times:\n%s", n, text.String())
		}
	})
}

// A client that has connected, and does not begin a handshake, holds nothing.
func TestSilentClientOfGRPCWithCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, ok)
		nc, _ := x.socket(largeRoom)
		x.terminate()
		took, err := x.end()
		if err != nil || took > 10*time.Second+link.ConfirmWithin+time.Millisecond {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if _, err := nc.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the client read %v, want EOF", err)
		}
		if n := len(x.conns.List()); n > 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// A handshake that is under way when the listeners close is finished, and its client
// is served and asked to leave; one that then has no stream holds nothing.
func TestHandshakeOfGRPCInTheClosingPhase(t *testing.T) {
	for name, streams := range map[string]int{"a stream": 1, "no stream": 0} {
		t.Run(name, func(t *testing.T) { handshakeInTheClosingPhase(t, streams) })
	}
}

func handshakeInTheClosingPhase(t *testing.T, streams int) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, ok)
		x.terminate()
		time.Sleep(9*time.Second + 900*time.Millisecond)
		nc, _ := x.socket(largeRoom)
		over := tls.Client(&slowWriter{nc, 5 * time.Millisecond}, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err := over.Handshake(); err != nil {
			t.Fatal(err)
		}
		if after := time.Since(x.t0); after < 11*time.Second+link.ConfirmWithin {
			t.Fatalf("the handshake took until %v after T0", after)
		}
		over.NetConn().(*slowWriter).each = 0
		c := speakHTTP2(t, over)
		for range streams {
			c.begin("/shop.Orders/List")
		}
		took, err := x.end()
		if err != nil || took > 20*time.Second {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if streams > 0 && !c.answered(1) || len(c.goAways()) != 2 {
			t.Errorf("answered: %v, GOAWAYs %v", c.answered(1), c.goAways())
		}
	})
}

// A call of which half a record of TLS has come is waited for.
func TestHalfARecordOfGRPCIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{Spread: -1}, ok)
		nc, _ := x.socket(largeRoom)
		w := &pausingWriter{memSocket: nc}
		c := speakHTTP2(t, tls.Client(w, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
		synctest.Wait()
		x.terminate()
		time.Sleep(9 * time.Second)
		w.pause.Store(int64(5 * time.Second)) // in the middle of the next record
		go c.begin("/shop.Orders/List")
		x.endsAt(14 * time.Second)
		if !c.answered(1) {
			t.Error("no answer")
		}
	})
}

// A client that uses another protocol than HTTP/2 over TLS is closed: nothing of the
// server reaches it in clear text.
func TestClientOfGRPCWithHTTP1OverTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, ok)
		nc, _ := x.secure(largeRoom, "h2")
		if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_, err := io.ReadAll(nc)
		if record, bad := errors.AsType[tls.RecordHeaderError](err); bad {
			t.Errorf("what came is no TLS: %v", record)
		}
		synctest.Wait()
		if n := len(x.conns.List()); n > 0 {
			t.Errorf("%d connections are left", n)
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

// A stream that does not end is cut, by its name, and its connection is closed.
func TestStuckStreamOfGRPCWithCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		nc, _ := x.secure(largeRoom, "h2")
		c := speakHTTP2(t, nc)
		c.begin("/shop.Orders/Follow")
		synctest.Wait()
		x.terminate()
		_, err := x.end()
		if all := oneByOne(err); len(all) != 1 || !errors.Is(err, ErrCut) || !strings.Contains(all[0].Error(), "stream /shop.Orders/Follow from ") {
			t.Errorf("Run: %v", err)
		}
		<-c.ended
		synctest.Wait()
		if n := len(x.conns.List()); n > 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

// A handshake that fails leaves nothing open.
func TestFailedHandshakeOfGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startSecureGRPC(t, &Process{}, ok)
		nc, _ := x.socket(largeRoom)
		var written atomic.Int64
		go func() {
			n, _ := io.WriteString(nc, "\x16\x03\x01\x00\x05hello and more that is no TLS")
			written.Store(int64(n))
		}()
		io.ReadAll(nc)
		synctest.Wait()
		if n := len(x.conns.List()); n > 0 || written.Load() == 0 {
			t.Errorf("%d connections are left, %d bytes were written", n, written.Load())
		}
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}
