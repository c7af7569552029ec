package main

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A memConn is a connection without a network: its client sends a request so many
// times, discards the answers, and then closes the connection or keeps it open without
// sending anything. Nothing else has to run beside the server, so hardly anything but
// the server is measured.
//
// It relies on how net/http reads. During a request net/http reads one byte in the
// background: that read ends by its deadline, as on a real connection whose client
// waits for its answer.
type memConn struct {
	request []byte
	silence func() // called once, when it begins to stay open in silence; nil: hang up

	mu     sync.Mutex
	change *sync.Cond
	left   int
	rest   []byte // of the request that is being read
	past   bool   // the read deadline is
	closed bool
	gone   chan struct{} // closed by Close
}

var memRequest = []byte("GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")

func newMemConn(requests int, silence func()) *memConn {
	c := &memConn{request: memRequest, silence: silence, left: requests, gone: make(chan struct{})}
	c.change = sync.NewCond(&c.mu)
	return c
}

func (c *memConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	watch := len(b) == 1
	if !watch && (len(c.rest) > 0 || c.left > 0) {
		if len(c.rest) == 0 {
			c.left--
			c.rest = c.request
		}
		n := copy(b, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	if !watch && c.silence == nil {
		return 0, io.EOF
	}
	if !watch {
		c.silence()
		c.silence = func() {}
	}
	for !c.past && !c.closed {
		c.change.Wait()
	}
	if c.closed {
		return 0, io.EOF
	}
	return 0, os.ErrDeadlineExceeded
}

// hangUp closes the connection, as its client would.
func (c *memConn) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.change.Broadcast()
}

func (c *memConn) Write(b []byte) (int, error) { return len(b), nil }

func (c *memConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past = !t.IsZero() && t.Before(begun) // what is still to come never comes here
	if c.past {
		c.change.Broadcast()
	}
	return nil
}

func (c *memConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.gone:
		return net.ErrClosed
	default:
		close(c.gone)
	}
	c.closed = true
	c.change.Broadcast()
	return nil
}

func (c *memConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }
func (c *memConn) LocalAddr() net.Addr              { return memAddr }
func (c *memConn) RemoteAddr() net.Addr             { return memAddr }

// begun is before any deadline but those that are meant to be past.
var begun = time.Now()

// memAddr has a port, which some servers ask for.
var memAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// A memListener accepts the connections it is handed.
type memListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

var errListenerClosed = errors.New("the listener in memory was closed")

func (l *memListener) hand(c net.Conn) error {
	select {
	case l.conns <- c:
		return nil
	case <-l.done:
		return errListenerClosed
	}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memListener) Addr() net.Addr { return memAddr }
