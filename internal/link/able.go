package link

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
)

// What the connection of a listener can do, ours can do as well, and no more: with
// ReadFrom net/http takes it for a socket, to which a file is sent by the kernel,
// and it writes the head of the answer by itself.
type (
	readerFromConn struct{ *Conn }
	writerToConn   struct{ *Conn }
	socketConn     struct{ *Conn } // both, as *net.TCPConn
)

// Able is c as the program and net/http are given it.
func (c *Conn) Able() net.Conn {
	_, from := c.Conn.(io.ReaderFrom)
	_, to := c.Conn.(io.WriterTo)
	if _, unix := c.Conn.(*net.UnixConn); unix {
		to = true // TCPConn.ReadFrom knows it by its type
	}
	switch {
	case from && to:
		return socketConn{c}
	case from:
		return readerFromConn{c}
	case to:
		return writerToConn{c}
	}
	return c
}

// ReadFrom lets the kernel copy where it can (sendfile, splice).
func (c readerFromConn) ReadFrom(r io.Reader) (int64, error) { return c.readAll(r) }

// ReadFrom lets the kernel copy where it can (sendfile, splice).
func (c socketConn) ReadFrom(r io.Reader) (int64, error) { return c.readAll(r) }

// WriteTo lets the kernel copy where it can (splice).
func (c writerToConn) WriteTo(w io.Writer) (int64, error) { return c.writeAll(w) }

// WriteTo lets the kernel copy where it can (splice).
func (c socketConn) WriteTo(w io.Writer) (int64, error) { return c.writeAll(w) }

func (c *Conn) readAll(r io.Reader) (int64, error) {
	if c.h2.Load() != nil {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	defer runtime.KeepAlive(c) // the program may have no other reference
	return io.Copy(c.Conn, r)
}

// writeAll goes around Read where that has nothing to follow: on a connection that
// was taken over, or never was net/http's.
func (c *Conn) writeAll(w io.Writer) (int64, error) {
	if c.doing.Load() != hijacked || c.prefaceMatched >= 0 || c.h2.Load() != nil {
		return io.Copy(w, struct{ io.Reader }{c})
	}
	defer runtime.KeepAlive(c)
	return io.Copy(w, c.Conn)
}

// CloseWrite sends a FIN and leaves the other direction open.
func (c *Conn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SyscallConn gives access to the socket, below TLS too.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn(NetConn(c)) }

// NetConn returns the connection under this one, as [crypto/tls.Conn.NetConn]
// does: that of TLS, or the one that the listener has made.
func (c *Conn) NetConn() net.Conn {
	c.hold()
	return c.Conn
}

// SyscallConn gives access to the socket, for who asks the tls.Conn for its NetConn.
func (s *recordConn) SyscallConn() (syscall.RawConn, error) { return rawConn(s.Conn) }

// NetConn returns the connection that the listener has made.
func (s *recordConn) NetConn() net.Conn { return s.Conn }

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
	if s, ok := c.(*recordConn); ok {
		return s.Conn
	}
	return c
}

// Of returns the connection that net/http was given, nil if it is not from
// one of our listeners.
func Of(nc net.Conn) *Conn {
	switch c := nc.(type) {
	case socketConn: // the commonest first
		return c.Conn
	case *Conn:
		return c
	case readerFromConn:
		return c.Conn
	case writerToConn:
		return c.Conn
	case *tlsConn:
		return c.Conn
	}
	return nil
}

// A tlsConn is a conn with HTTP/1 over TLS: its method makes net/http set
// Request.TLS, and not look for HTTP/2.
type tlsConn struct {
	*Conn
	state tls.ConnectionState
}

// ConnectionState is that of the handshake.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.state }
