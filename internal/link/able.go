package link

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
)

// A connection of ours has the optional methods that the listener's connection has, and
// no others, because net/http and programs look for them: if it has ReadFrom, net/http
// takes it for a socket, writes the head of an answer first and has the kernel send the
// file; if it has no CloseWrite, a program closes the whole connection instead.
type (
	readerFromConn     struct{ *Conn }
	halfConn           struct{ *Conn }              // with CloseWrite, as *tls.Conn
	halfReaderFromConn struct{ *Conn }              // both
	unixConn           struct{ halfConn }           // with CloseRead too, as *net.UnixConn
	socketConn         struct{ halfReaderFromConn } // all, as *net.TCPConn
)

type (
	writeCloser interface{ CloseWrite() error }
	readCloser  interface{ CloseRead() error }
)

// Able is c with those methods, as net/http and the program are given it.
func (c *Conn) Able() net.Conn {
	_, from := c.Conn.(io.ReaderFrom)
	_, write := c.Conn.(writeCloser)
	_, read := c.Conn.(readCloser)
	switch {
	case from && write && read:
		return socketConn{halfReaderFromConn{c}}
	case from && write:
		return halfReaderFromConn{c}
	case from:
		return readerFromConn{c}
	case write && read:
		return unixConn{halfConn{c}}
	case write:
		return halfConn{c}
	}
	return c
}

// ReadFrom lets the kernel copy where it can (sendfile, splice).
func (c readerFromConn) ReadFrom(r io.Reader) (int64, error) { return c.readAll(r) }

// ReadFrom lets the kernel copy where it can (sendfile, splice).
func (c halfReaderFromConn) ReadFrom(r io.Reader) (int64, error) { return c.readAll(r) }

func (c *Conn) readAll(r io.Reader) (int64, error) {
	if c.h2.Load() != nil {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	defer runtime.KeepAlive(c) // the program may have no other reference
	return io.Copy(c.Conn, r)
}

// WriteTo lets the kernel copy where it can (splice), and else copies as io.Copy would. It
// bypasses Read only on a connection that was taken over, or that never was net/http's:
// there Read has nothing to follow.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	if c.doing.Load() != hijacked || c.prefaceMatched >= 0 || c.h2.Load() != nil {
		return io.Copy(w, struct{ io.Reader }{c})
	}
	defer runtime.KeepAlive(c)
	return io.Copy(w, c.Conn)
}

// CloseWrite sends a FIN and leaves the other direction open.
func (c halfConn) CloseWrite() error { return c.Conn.Conn.(writeCloser).CloseWrite() }

// CloseWrite sends a FIN and leaves the other direction open.
func (c halfReaderFromConn) CloseWrite() error { return c.Conn.Conn.(writeCloser).CloseWrite() }

// CloseRead ends the reading direction.
func (c unixConn) CloseRead() error { return c.Conn.Conn.(readCloser).CloseRead() }

// CloseRead ends the reading direction.
func (c socketConn) CloseRead() error { return c.Conn.Conn.(readCloser).CloseRead() }

// SyscallConn gives access to the socket, below TLS too.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn(NetConn(c)) }

// NetConn returns the connection under this one, as [crypto/tls.Conn.NetConn] does: the
// *tls.Conn, or in clear text the connection that the listener has returned.
func (c *Conn) NetConn() net.Conn {
	c.hold()
	return c.Conn
}

// SyscallConn gives access to the socket, for code that asks the tls.Conn for its NetConn.
func (s *recordConn) SyscallConn() (syscall.RawConn, error) { return rawConn(s.Conn) }

// NetConn returns the connection that the listener has returned.
func (s *recordConn) NetConn() net.Conn { return s.Conn }

// SyscallConn gives access to the socket.
func (s ciphertext) SyscallConn() (syscall.RawConn, error) { return rawConn(s.layer.Conn) }

// NetConn returns the connection that the listener has returned.
func (s ciphertext) NetConn() net.Conn { return s.layer.Conn }

func rawConn(c net.Conn) (syscall.RawConn, error) {
	if s, ok := c.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// NetConn returns the connection that the listener has returned, if c is one of ours or a
// connection that ours is over or under; any other c it returns unchanged.
func NetConn(c net.Conn) net.Conn {
	if own := Of(c); own != nil {
		c = own.NetConn()
	}
	if over, ok := c.(*tls.Conn); ok {
		if s, ok := over.NetConn().(*recordConn); ok {
			return s.Conn
		}
	}
	switch s := c.(type) {
	case *recordConn:
		return s.Conn
	case ciphertext:
		return s.layer.Conn
	}
	return c
}

// Of returns the Conn of a connection that net/http was given, nil if it is not from one
// of our listeners.
func Of(nc net.Conn) *Conn {
	switch c := nc.(type) {
	case socketConn: // the commonest first
		return c.Conn
	case tlsConn:
		return c.Conn
	case *Conn: // over a connection of the program's own type
		return c
	case interface{ own() *Conn }: // the others
		return c.own()
	}
	return nil
}

func (c *Conn) own() *Conn { return c }

// A tlsConn is a Conn over TLS. By its method ConnectionState net/http sets Request.TLS,
// and knows the protocol that was negotiated.
type tlsConn struct{ halfConn }

// ConnectionState is that of the handshake.
func (c tlsConn) ConnectionState() tls.ConnectionState {
	return c.Conn.Conn.(*tls.Conn).ConnectionState()
}
