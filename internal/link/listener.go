package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lameduck-dev/lameduck/internal/look"
	"github.com/lameduck-dev/lameduck/internal/program"
)

// A Listener returns connections as Conns. At its end it accepts first all connections
// that the kernel has accepted, because to close a listening socket resets those in its
// accept queue.
type Listener struct {
	net.Listener
	Env     *Env
	Routes  *http.ServeMux          // the server's Handler, if that is a ServeMux
	empty   bool                    // the last look found the accept queue empty, unless it was late
	look    look.Look               // at the accept queue
	Clear   bool                    // net/http serves clear text on its connections
	wrap    func(net.Conn) net.Conn // makes what is between the socket and a Conn; nil if nothing is
	Begin   func(*Conn)             // prepares each Conn for a server that is not net/http's; nil for that
	Emptied func()                  // called when the accept queue is empty and the listener closed
}

type deadliner interface{ SetDeadline(time.Time) error }

// Accept is called by one goroutine only.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, err
	}
	return c.Able(), nil
}

func (l *Listener) accept() (*Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil && l.Clear && usesTLS(c) {
			c.Close()
			return nil, ErrTLSListener
		}
		if err == nil {
			l.empty, l.look = false, look.Look{}
			return l.take(c), nil
		}
		if !l.Env.State.Finishing.Load() {
			return nil, err
		}
		if l.empty && !l.look.Late() || !l.again() {
			l.Listener.Close()
			l.Emptied() // handshakes may still be under way: their connections are waited for
			return nil, net.ErrClosed
		}
	}
}

// AcceptPatiently is Accept that retries after temporary errors such as EMFILE, with the
// backoff of net/http, and logs them.
func (l *Listener) AcceptPatiently() (*Conn, error) {
	return l.acceptPatiently(func(err error, wait time.Duration) {
		l.Env.Log.Warn("accept failed, and is tried again", "listener", l.Name(), "error", err, "after", wait)
	})
}

// acceptPatiently calls failed with each error after which it tries again.
func (l *Listener) acceptPatiently(failed func(err error, wait time.Duration)) (*Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		c, err := l.accept()
		var passing interface{ Temporary() bool }
		if err == nil || !errors.As(err, &passing) || !passing.Temporary() {
			return c, err
		}
		failed(err, wait)
		time.Sleep(wait)
	}
}

func (l *Listener) take(nc net.Conn) *Conn {
	if l.wrap != nil {
		nc = l.wrap(nc)
	}
	c := newConn(nc, l.Env)
	c.routes = l.Routes
	if l.Begin != nil {
		l.Begin(c)
	}
	l.Env.Set.add(c)
	l.Env.Set.announce(c)
	return c
}

// again returns false if the accept queue is known to be empty. Else it sets a deadline
// for one more Accept, which finds out whether the queue is empty, at first within a
// millisecond.
func (l *Listener) again() bool {
	if waits, known := queued(l.Listener); known && !waits {
		return false
	}
	l.empty = true
	d, ok := l.Listener.(deadliner)
	return ok && l.look.Begin(d.SetDeadline) == nil
}

// Shut begins the end of the listener: it interrupts Accept, which then empties the accept
// queue and closes the listener. The caller must have set State.Finishing.
func (l *Listener) Shut() {
	d, ok := l.Listener.(deadliner)
	if !ok || program.Protect(func() error { return d.SetDeadline(time.Unix(1, 0)) }) != nil {
		program.Protect(l.Listener.Close)
	}
}

// Close is called by net/http in Shutdown, under the lock of its server, and by grpc-go in
// Stop: so it does not block. It resets what is in the accept queue, so it must not be
// called before Accept has emptied that.
func (l *Listener) Close() error {
	go program.Protect(l.Listener.Close)
	return nil
}

// Name is the address of the listener, for messages, or its type if Addr does not return
// within a second.
func (l *Listener) Name() string {
	addr := make(chan string, 1)
	go func() {
		defer close(addr)
		program.Protect(func() error { addr <- fmt.Sprint(l.Addr()); return nil })
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

// ErrTLSListener is for a listener of an http.Server that terminates TLS itself: GOAWAY
// must be written between the frames before they are encrypted. The listener of
// tls.NewListener is recognised at start, any other by the first connection that it
// returns.
var ErrTLSListener = errors.New("the listener of an http.Server returns connections of TLS, and lameduck needs those under it\n" +
	"hint: give AddHTTP what net.Listen returns, and set http.Server.TLSConfig (with autocert: to Manager.TLSConfig())")

// usesTLS reports whether net/http would set Request.TLS on c.
func usesTLS(c net.Conn) bool {
	_, is := c.(interface{ ConnectionState() tls.ConnectionState })
	return is
}
