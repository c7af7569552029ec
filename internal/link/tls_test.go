package link

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// one is a listener of one connection.
type one struct {
	net.Conn
	done chan struct{}
}

func (l *one) Accept() (c net.Conn, err error) {
	if c, l.Conn = l.Conn, nil; c == nil {
		<-l.done
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *one) Close() error   { return nil }
func (l *one) Addr() net.Addr { return &net.UnixAddr{} }

// The time limit of a handshake holds also where the connection was interrupted in the
// moment of its first byte.
func TestHandshakeLimitHoldsBehindAnInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		l := &one{server, make(chan struct{})}
		defer close(l.done)
		e := testEnv(term.New("test", term.Clocks{}))
		began := time.Now()
		over := NewTLSListener(&Listener{Listener: l, Env: e}, &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}, &TLS{Config: &tls.Config{}})
		go over.Accept() // as net/http does
		synctest.Wait()
		all := setOf(e).List()
		if len(all) != 1 {
			t.Fatalf("%d connections", len(all))
		}
		all[0].interrupted.Store(true)
		client.Write([]byte{22})
		_, err := client.Read(make([]byte, 1))
		if took := time.Since(began); err != io.EOF || took != HandshakeLimit {
			t.Errorf("%v after %v, want it closed after %v", err, took, HandshakeLimit)
		}
		synctest.Wait()
		if n := len(setOf(e).List()); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}
