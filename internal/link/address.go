package link

import (
	"crypto/tls"
	"net"

	"github.com/lameduck-dev/lameduck/internal/program"
)

// isSocket reports whether nc is a socket of package net, or our TLS over one: its
// methods do not panic, and only Read and Write block.
func isSocket(nc net.Conn) bool {
	switch nc := nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	case *tls.Conn:
		s, ok := nc.NetConn().(*recordConn)
		return ok && isSocket(s.Conn)
	}
	return false
}

// RemoteAddr is called by net/http and grpc-go at the start of a connection. A connection
// with the PROXY protocol reads its header here, and blocks until that has come.
func (c *base) RemoteAddr() net.Addr {
	addr := c.Conn.RemoteAddr()
	if addr != nil && !isSocket(c.Conn) {
		c.addr.Store(new(addr.String()))
	}
	return addr
}

// Peer is the client's address, "" while that is not known. It does not block.
func (c *base) Peer() string {
	if isSocket(c.Conn) {
		if addr := c.Conn.RemoteAddr(); addr != nil {
			return addr.String()
		}
		return ""
	}
	if c.addr.CompareAndSwap(nil, new(string)) { // the program has not asked
		go program.Protect(func() error { c.RemoteAddr(); return nil })
	}
	return *c.addr.Load()
}
