package lameduck

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A listener hands out wrapped connections, and closes without losing one
// that the kernel has already accepted: closing a socket resets its accept
// queue.
type listener struct {
	net.Listener
	env     *env
	routes  *http.ServeMux          // of the server, if that is its Handler
	empty   bool                    // the accept queue was empty a moment ago
	clear   bool                    // net/http speaks clear text on its connections
	wrap    func(net.Conn) net.Conn // what is between the socket and ours, nil if nothing is
	begin   func(*conn)             // what a connection begins as, nil for net/http
	emptied func()                  // is called when the accept queue is empty for good
}

type deadliner interface{ SetDeadline(time.Time) error }

// Accept is called by one goroutine only.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c.able(), nil
}

func (l *listener) accept() (*conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil && l.clear && speaksTLS(c) {
			c.Close()
			return nil, errTLSListener
		}
		if err == nil {
			l.empty = false
			return l.take(c), nil
		}
		if !l.env.state.closing.Load() {
			return nil, err
		}
		if l.empty || !l.look() {
			l.Listener.Close()
			l.emptied() // handshakes may go on: they are waited for as connections are
			return nil, net.ErrClosed
		}
	}
}

// acceptPatiently is accept for who does not have net/http's patience: if there
// are too many open files, there will be fewer.
func (l *listener) acceptPatiently() (*conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		c, err := l.accept()
		var passing interface{ Temporary() bool }
		if err == nil || !errors.As(err, &passing) || !passing.Temporary() {
			return c, err
		}
		l.env.log.Warn("accept failed, and is tried again", "listener", l.name(), "error", err, "after", wait)
		time.Sleep(wait)
	}
}

func (l *listener) take(nc net.Conn) *conn {
	if l.wrap != nil {
		nc = l.wrap(nc)
	}
	c := newConn(nc, l.env)
	c.routes = l.routes
	if l.begin != nil {
		l.begin(c)
	}
	l.env.conns.add(c)
	l.env.conns.announce(c)
	return c
}

// look returns false if the queue is known to be empty. Else it arranges one
// more Accept, which finds that out within a millisecond.
func (l *listener) look() bool {
	if waits, known := queued(l.Listener); known && !waits {
		return false
	}
	l.empty = true
	d, ok := l.Listener.(deadliner)
	return ok && d.SetDeadline(time.Now().Add(time.Millisecond)) == nil
}

// shut begins the end of the listener: it wakes Accept, which empties the
// queue and closes. The caller has set closing.
func (l *listener) shut() {
	d, ok := l.Listener.(deadliner)
	if !ok || protect(func() error { return d.SetDeadline(time.Unix(1, 0)) }) != nil {
		protect(l.Listener.Close)
	}
}

// Close is called by net/http when it stops, under the lock of its server, and by
// grpc-go when it is stopped: it does not wait. It resets what is in the accept
// queue, so before the end of the lame duck it is not for them to call.
func (l *listener) Close() error {
	go protect(l.Listener.Close)
	return nil
}

// name is the address of the listener, for messages.
func (l *listener) name() string {
	addr := make(chan string, 1)
	go func() {
		defer close(addr)
		protect(func() error { addr <- fmt.Sprint(l.Addr()); return nil })
	}()
	select {
	case name, ok := <-addr:
		if ok {
			return name
		}
	case <-time.After(time.Second):
	}
	return fmt.Sprintf("of type %T", l.Listener)
}

// errTLSListener is for a listener that speaks TLS on its own: what is under it
// is needed. That of tls.NewListener is known at start, any other by the first
// connection that it returns.
var errTLSListener = errors.New("the listener of an http.Server returns connections of TLS, and lameduck needs those under it\n" +
	"hint: give Serve what net.Listen returns, and set http.Server.TLSConfig (with autocert: to Manager.TLSConfig())")

// speaksTLS reports whether net/http would set Request.TLS on c.
func speaksTLS(c net.Conn) bool {
	_, is := c.(interface{ ConnectionState() tls.ConnectionState })
	return is
}
