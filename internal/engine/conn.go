package engine

import "net"

// Conn is a connection of a client that can be looked at without waiting.
type Conn struct {
	net.Conn
	peeker
	socket net.Conn // under TLS, if there is any
}

// NewConn looks at a connection directly if it has the SyscallConn of a
// *net.TCPConn; otherwise each look takes 1 ms.
func NewConn(nc net.Conn) *Conn { return &Conn{nc, newPeeker(nc), nc} }

// Unacked is how many sent bytes the server's kernel has not acknowledged; 0 if
// that is not known. A connection may have a method of this name itself.
func (c *Conn) Unacked() int {
	if u, ok := c.socket.(interface{ Unacked() int }); ok {
		return u.Unacked()
	}
	return unacked(c.socket)
}
