package lameduck

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// startTLS runs p with a server that speaks HTTP/1.1 and HTTP/2 over TLS.
func startTLS(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startServer(t, p, serverOf(t, "tls", h))
}

// A client that has connected and says nothing, as browsers do in advance, is
// closed as any silent one, and holds nothing.
func TestSilentTLSClientDoesNotHoldTheExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, ok)
		x.terminate()
		time.Sleep(5 * time.Second)
		x.socket(largeRoom)
		x.endsAt(10 * time.Second)
		if n := x.closedIdle.Load(); n != 1 {
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

// A client that negotiates HTTP/2 and then speaks HTTP/1 is not served, as it
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
