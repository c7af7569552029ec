package link

import (
	"bytes"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// net/http does not write Connection: close into an answer of HTTP/1 if its handler began
// before the connection's moment to leave, or if the handler sets Connection: keep-alive, as
// some proxies do. So during a termination we write it into the head of the answer.
// net/http does not know of that, and serves what still comes; then the client closes the
// connection, or we do (RFC 9112, section 9.6).

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

// writeAnswer writes b; during a termination with Connection: close, if that is due.
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
		return c.writeChanged(b, bytes.Replace(b, closeField, lineEnd, 1)) // close is for the final answer
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

// writeChanged writes instead, which is b with another head, and returns what a Write of b
// would.
func (c *http1) writeChanged(b, instead []byte) (int, error) {
	n, err := c.Conn.Write(instead)
	if err != nil {
		return max(0, min(n-len(instead)+len(b), len(b))), err
	}
	return len(b), nil
}

// informational reports whether b is a part of the head of a 1xx, after which the final
// answer is still to come. A head that is longer than net/http's buffer is written in
// pieces. All but the last have the size of the buffer, and the last ends with an empty
// line. So a piece that is shorter than an empty line is the last too: it is the rest of
// one.
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

// withClose returns head with Connection: close. It returns nil if head has that already,
// or another value of Connection that must stay, such as Upgrade.
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
