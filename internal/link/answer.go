package link

import (
	"bytes"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// An HTTP/1 answer whose handler began before the connection's moment has no
// Connection: close of its own, and one whose handler sets Connection: keep-alive, as
// some proxies do, never has. So during a termination it is put into the head of the
// answer on its way out. net/http does not know of it and serves what still comes; the
// client closes the connection, or we do (RFC 9112, section 9.6).

var (
	statusLine = []byte("HTTP/1.1 ")
	lineEnd    = []byte("\r\n")
	headEnd    = []byte("\r\n\r\n")
	connection = []byte("\r\nConnection: ")
	closeLine  = []byte("Connection: close\r\n")
	closeField = []byte("\r\nConnection: close\r\n")
	closeValue = []byte("close")
	keepValue  = []byte("keep-alive")
)

// writeAnswer writes b, and during a termination Connection: close in it.
func (c *http1) writeAnswer(b []byte) (int, error) {
	if d := c.state.Current.Load(); d != nil {
		return c.writeHTTP1(d, b)
	}
	if !c.answered {
		c.answered = !c.informational(b)
	}
	return c.Conn.Write(b)
}

// writeHTTP1 writes b, with Connection: close if it begins the final answer to a
// request and the connection's moment has come.
func (c *http1) writeHTTP1(d *term.Termination, b []byte) (int, error) {
	if c.answered || !c.handling() {
		return c.Conn.Write(b)
	}
	if c.informational(b) {
		return c.writeChanged(b, bytes.Replace(b, closeField, lineEnd, 1)) // not yet
	}
	c.answered = true
	head, _, whole := bytes.Cut(b, headEnd)
	if !whole || !bytes.HasPrefix(b, statusLine) || !c.mustLeave(d) {
		return c.Conn.Write(b)
	}
	with := withClose(head)
	if with == nil {
		return c.Conn.Write(b)
	}
	c.closeSent.Store(true)
	return c.writeChanged(b, append(with, b[len(head):]...))
}

// writeChanged writes what differs from b in its head, and returns what Write of
// b would.
func (c *http1) writeChanged(b, instead []byte) (int, error) {
	n, err := c.Conn.Write(instead)
	if err != nil {
		return max(0, min(n-len(instead)+len(b), len(b))), err
	}
	return len(b), nil
}

// informational reports whether b is of the head of a 1xx, after which the final
// answer is still to come. One that is longer than net/http's buffer comes in
// pieces, of which all but the last are as long as that, and it is flushed at its
// end: a piece that is shorter than an empty line can only be the last.
func (c *http1) informational(b []byte) bool {
	if !c.within1xx && !(len(b) > len(statusLine) && b[len(statusLine)] == '1') {
		return false
	}
	c.within1xx = !bytes.HasSuffix(b, headEnd) && len(b) >= len(headEnd)
	return true
}

// handling reports whether net/http's handler is at work on a request.
func (c *http1) handling() bool {
	switch c.doing.Load() {
	case nil, reading, unknown, hijacked:
		return false
	}
	return true
}

// withClose returns the head with Connection: close, or nil if it has that
// already, or something that must stay, such as Upgrade.
func withClose(head []byte) []byte {
	before, value, has := bytes.Cut(head, connection)
	if !has {
		status, fields, _ := bytes.Cut(head, lineEnd)
		return bytes.Join([][]byte{status, lineEnd, closeLine, fields}, nil)
	}
	value, after, more := bytes.Cut(value, lineEnd)
	if !bytes.EqualFold(bytes.TrimSpace(value), keepValue) {
		return nil
	}
	with := bytes.Join([][]byte{before, connection, closeValue}, nil)
	if more {
		with = bytes.Join([][]byte{with, lineEnd, after}, nil)
	}
	return with
}
