package lameducktest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
)

// A Listener is a net.Listener in memory. A bubble of package testing/synctest needs
// one: while a goroutine waits for a socket, no time passes in the bubble. The
// connections are those of [net.Pipe], without a buffer: a write ends when the other
// side has read all of it.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
	client *http.Client
}

// NewListener returns a listener that is closed at the end of the test, as are the
// idle connections of its client.
func NewListener(t testing.TB) *Listener {
	l := &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	l.client = &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
	t.Cleanup(func() {
		l.Close()
		l.client.CloseIdleConnections()
	})
	return l
}

// Accept waits for a call of Dial. After Close its error is [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close closes the listener: each Dial fails from now on. Close returns nil.
func (l *Listener) Close() error {
	l.close()
	return nil
}

// Addr is an address of network "pipe".
func (l *Listener) Addr() net.Addr { return addr{} }

// Dial connects to l, whatever the network and the address are: it is a DialContext
// for [http.Transport], and for gRPC with a function around it. It waits until the
// connection is accepted or ctx ends. When l is closed, Dial fails as if the connection
// was refused; the error wraps [net.ErrClosed].
func (l *Listener) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	server, client := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: refused: %w", address, net.ErrClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("dial %s: %w", address, context.Cause(ctx))
	}
}

// Client returns an HTTP client whose connections are to l, whatever the host of a URL
// is. It uses HTTP/1.1 and keeps connections. Each call returns the same client.
func (l *Listener) Client() *http.Client { return l.client }

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "memory" }
