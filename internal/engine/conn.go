package engine

import "net"

// Conn is a connection of a client that can be read without waiting.
type Conn struct {
	net.Conn
	peeker
	socket net.Conn // the connection without TLS
}

// NewConn returns a Conn of nc. If nc has SyscallConn, as a *net.TCPConn has, ReadNow does
// not wait; otherwise it waits 1 ms, or longer on a busy machine.
func NewConn(nc net.Conn) *Conn { return &Conn{nc, newPeeker(nc), nc} }

// Unacked is how many sent bytes the server's kernel has not acknowledged; 0 if that is
// not known. If the connection has a method of this name, that is asked.
func (c *Conn) Unacked() int {
	if u, ok := c.socket.(interface{ Unacked() int }); ok {
		return u.Unacked()
	}
	return unacked(c.socket)
}
