package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// socketPair is a wrapped server connection and its client, over TCP.
func socketPair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	e := testEnv(term.New("test", term.Clocks{}))
	e.State.Finishing.Store(true)
	c := newConn(server, e)
	e.Set.add(c)
	t.Cleanup(func() {
		client.Close()
		c.Close()
	})
	return c, client
}

// testEnv is that of connections without a Process; d is nil while serving.
func testEnv(d *term.Termination) *Env {
	e := &Env{State: &term.State{Origin: time.Now()}, Set: new(Set), Hard: context.Background(), Log: slog.New(slog.DiscardHandler)}
	setOf(e).Init()
	e.State.Current.Store(d)
	return e
}

func setOf(e *Env) *Set { return e.Set.(*Set) }

// A final poll that fails at a connection that has been interrupted leaves that interrupt to be
// cleared: else the past deadline stays, and looks like net/http's own.
func TestSecondInterruptOfAConnectionThatIsKept(t *testing.T) {
	c, client := socketPair(t)
	c.interruptRead()
	c.doing.Store(reading) // its reader has read the first bytes of a request
	c.interruptRead()
	c.clearInterrupt()
	client.Write([]byte("x"))
	if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("Read: %d, %v", n, err)
	}
}

func TestInterruptedConnectionIsClosedOnAnEmptyQueue(t *testing.T) {
	c, client := socketPair(t)
	got := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		got <- err
	}()
	c.interruptRead()
	if err := <-got; err != io.EOF {
		t.Errorf("Read: %v, want EOF", err)
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client read %v, want a FIN", err)
	}
	if n := len(setOf(c.env).List()); n != 0 {
		t.Error("the connection is still in the set")
	}
}

// An interrupt that comes when a request is being read must not end it.
func TestInterruptOfABusyConnectionDoesNothing(t *testing.T) {
	c, client := socketPair(t)
	io.WriteString(client, "GET")
	b := make([]byte, 10)
	if n, err := c.Read(b); string(b[:n]) != "GET" || err != nil {
		t.Fatalf("Read: %q, %v", b[:n], err)
	}
	c.interruptRead()
	go io.WriteString(client, " /")
	if n, err := c.Read(b); string(b[:n]) != " /" || err != nil {
		t.Errorf("Read: %q, %v", b[:n], err)
	}
}

// net/http's own use of past deadlines (to end its background read) passes.
func TestDeadlineOfOthersPasses(t *testing.T) {
	c, _ := socketPair(t)
	c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v", err)
	}
}

// net/http ends its background read with a past deadline and waits for it.
// If that is kept from it because the connection was interrupted, it waits for ever.
func TestEndOfTheBackgroundReadPassesAnInterrupt(t *testing.T) {
	c, _ := socketPair(t)
	c.connState(http.StateIdle)
	c.interruptRead()
	c.SetReadDeadline(time.Time{}) // as net/http does around a request
	c.connState(http.StateActive)  // that was in its buffer
	c.SetReadDeadline(time.Time{}) // startBackgroundRead
	c.SetReadDeadline(time.Unix(1, 0))
	got := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		got <- err
	}()
	select {
	case err := <-got:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v, want a timeout", err)
		}
	case <-time.After(2 * time.Second):
		t.Error("the background read does not end")
	}
}

// A connection may be interrupted when its reader has read the start of a request, and has
// not announced because it did that before T0. The handler clears the interrupt: else its
// past deadline would hold after the answer.
func TestHandlerClearsAnInterrupt(t *testing.T) {
	c, _ := socketPair(t)
	c.requestBegun = true
	c.interruptRead()
	r := httptest.NewRequest("GET", "/", nil)
	c.doing.Store(r)
	c.serveLeaving(c.state.Current.Load(), httptest.NewRecorder(), r)
	if c.interrupted.Load() {
		t.Error("the connection is still interrupted")
	}
}

// A stream that comes in the moment of an interrupt may have ended when the connection is read
// again: the client then has as long as any to send its next one.
func TestFramesClearAnInterrupt(t *testing.T) {
	c, _ := socketPair(t)
	c.prefaceMatched = -1
	c.startHTTP2(newH2(&c.base, c))
	c.interruptRead()
	if !c.interrupted.Load() {
		t.Fatal("the connection is not interrupted")
	}
	if c.h2.Load().received([]byte{0, 0, 0}); c.interrupted.Load() { // of a frame
		t.Error("the connection is still interrupted")
	}
}

// The final poll may find a part of a record of TLS: that is the start of a request.
func TestPartOfARecordInTheFinalPoll(t *testing.T) {
	c, client := socketPair(t)
	below := &recordConn{Conn: c.Conn}
	over := tls.Server(below, &tls.Config{Certificates: []tls.Certificate{testCertificate(t)}})
	go tls.Client(client, &tls.Config{InsecureSkipVerify: true}).Handshake()
	if err := over.Handshake(); err != nil {
		t.Fatal(err)
	}
	c.Conn, c.prefaceMatched = over, -1
	client.Write([]byte{23, 3, 3})               // of the head of a record
	for !below.midRecord() && !c.closed.Load() { // until that has come
		c.interrupted.Store(true)
		if n, err, settled := c.finalPoll(c, over, make([]byte, 10)); settled {
			t.Fatalf("finalPoll: %d, %v", n, err)
		}
		c.doing.Store(nil)
	}
	if c.closed.Load() {
		t.Error("the connection was closed within a record")
	}
}

func testCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
