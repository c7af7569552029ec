package lameduck

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Only so many handshakes compute at the same time, and all connections are accepted. What is
// blocked does not compute: after a moment others go on.
func TestHandshakesThatComputeHaveABound(t *testing.T) {
	const clients = 300
	cert := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		var computing atomic.Int64
		release := make(chan struct{})
		x := startServer(t, &Process{}, &http.Server{Handler: http.HandlerFunc(ok), TLSConfig: &tls.Config{
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				computing.Add(1)
				<-release
				return &cert, nil
			}}})
		served := make(chan error, clients)
		for range clients {
			c, _ := x.secure(largeRoom, "http/1.1")
			go func() {
				_, err := getOver(c)
				served <- err
			}()
		}
		synctest.Wait()
		bound := computing.Load()
		if bound < 16 || bound > clients/4 {
			t.Errorf("%d handshakes are at work at once, of %d", bound, clients)
		}
		if n := x.Status().Connections; n != clients {
			t.Errorf("%d connections are accepted, want all %d", n, clients)
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if n := computing.Load(); n != 2*bound {
			t.Errorf("%d handshakes have begun 10 ms later, want %d", n, 2*bound)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := computing.Load(); n != clients {
			t.Errorf("%d handshakes have begun a second later, want %d", n, clients)
		}
		close(release)
		for range clients {
			if err := <-served; err != nil {
				t.Fatal(err)
			}
		}
		x.terminate()
		x.end()
	})
}

// Handshakes that are blocked, and those that wait behind them, end at the cut.
func TestHandshakesThatWaitEndAtTheCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		x := startServer(t, &Process{Delay: -1, Quiet: -1, Grace: 100 * time.Millisecond, Reserve: 95 * time.Millisecond}, &http.Server{
			Handler: http.HandlerFunc(ok),
			TLSConfig: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				<-release
				return nil, errors.New("no certificate")
			}}})
		var ended atomic.Int64
		clients := many(1000)
		for range clients {
			c, _ := x.secure(largeRoom)
			go func() {
				c.Handshake()
				ended.Add(1)
			}()
		}
		synctest.Wait()
		x.terminate()
		took, err := x.end()
		if took > 100*time.Millisecond || !errors.Is(err, ErrCut) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if n := ended.Load(); n != int64(clients) {
			t.Errorf("%d of %d clients have seen the end", n, clients)
		}
		close(release)
		time.Sleep(time.Minute)
	})
}

// A client that stops in the middle of its handshake has no slot, wherever it stops.
func TestClientsThatStopInAHandshakeHaveNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, ok)
		for i := range 200 {
			nc, _ := x.socket(largeRoom)
			c := tls.Client(&stopping{Conn: nc, after: i % 3}, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
			go c.Handshake()
		}
		synctest.Wait()
		began := time.Now()
		c, _ := x.secure(largeRoom)
		if _, err := getOver(c); err != nil || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		x.terminate()
		x.end()
	})
}

// stopping is a connection that sends so many writes, and nothing after them.
type stopping struct {
	net.Conn
	after int
}

func (c *stopping) Write(b []byte) (int, error) {
	if c.after--; c.after < 0 {
		io.Copy(io.Discard, c.Conn) // until it is closed
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}
