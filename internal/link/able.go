package link

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
)

// What the connection of a listener can do, ours can do as well. It has only the methods
// of that one: with ReadFrom net/http takes it for a socket, to which a file is sent by the
// kernel, and writes the head of the answer by itself; a program that finds no
// CloseWrite closes the connection instead.
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

// Able is c as the program and net/http are given it.
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

// WriteTo lets the kernel copy where it can (splice), and else does what io.Copy
// does without it. It goes around Read where that has nothing to follow: on a
// connection that was taken over, or never was net/http's.
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

// CloseRead ends the other direction.
func (c unixConn) CloseRead() error { return c.Conn.Conn.(readCloser).CloseRead() }

// CloseRead ends the other direction.
func (c socketConn) CloseRead() error { return c.Conn.Conn.(readCloser).CloseRead() }

// SyscallConn gives access to the socket, below TLS too.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn(NetConn(c)) }

// NetConn returns the connection under this one, as [crypto/tls.Conn.NetConn]
// does: that of TLS, or the one that the listener has made.
func (c *Conn) NetConn() net.Conn {
	c.hold()
	return c.Conn
}

// SyscallConn gives access to the socket, for code that asks the tls.Conn for its NetConn.
func (s *recordConn) SyscallConn() (syscall.RawConn, error) { return rawConn(s.Conn) }

// NetConn returns the connection that the listener has made.
func (s *recordConn) NetConn() net.Conn { return s.Conn }

// SyscallConn gives access to the socket.
func (s ciphertext) SyscallConn() (syscall.RawConn, error) { return rawConn(s.layer.Conn) }

// NetConn returns the connection that the listener has made.
func (s ciphertext) NetConn() net.Conn { return s.layer.Conn }

func rawConn(c net.Conn) (syscall.RawConn, error) {
	if s, ok := c.(syscall.Conn); ok {
		return s.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// NetConn returns what is under a connection of ours, below TLS too, and of any other
// connection that itself.
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

// Of returns the connection that net/http was given, nil if it is not from
// one of our listeners.
func Of(nc net.Conn) *Conn {
	switch c := nc.(type) {
	case socketConn: // the commonest first
		return c.Conn
	case tlsConn:
		return c.Conn
	case interface{ own() *Conn }: // the others
		return c.own()
	}
	return nil
}

func (c *Conn) own() *Conn { return c }

// A tlsConn is a conn with HTTP/1 over TLS: its method makes net/http set
// Request.TLS, and not look for HTTP/2.
type tlsConn struct{ halfConn }

// ConnectionState is that of the handshake.
func (c tlsConn) ConnectionState() tls.ConnectionState {
	return c.Conn.Conn.(*tls.Conn).ConnectionState()
}
