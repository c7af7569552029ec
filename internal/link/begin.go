package link

import (
	"errors"
	"net"
)

// BeginRaw makes c a connection that net/http never gets.
func (c *Conn) BeginRaw() {
	c.note.Store(&note{of: hijacked, raw: true})
	c.doing.Store(hijacked)
	c.requestBegun = true
	c.answered = true
	c.prefaceMatched = -1 // even if it is HTTP/2, no frame of ours may be written on it
}

// BeginGRPC makes c a connection with HTTP/2 before its preface has come: grpc-go writes
// before it reads. If the client begins with something else, most likely TLS, c is raw.
func (c *Conn) BeginGRPC() {
	c.BeginRaw()
	c.prefaceMatched = 0 // the preface is still to come
	c.startHTTP2(c.ofGRPC())
}

// ofGRPC is the HTTP/2 side of a connection of gRPC.
func (c *Conn) ofGRPC() *h2 {
	h := newH2(&c.base, c)
	h.counts = true
	h.wire.ReadPaths()
	return h
}

// Secure has the handshake of a gRPC server's credentials done on the connection below c,
// and returns c, on which the server uses HTTP/2 from then on. handshake is given the
// connection below, and returns the encrypted one over it. The server must have read and
// written nothing before. The module github.com/lameduck-dev/lameduck/grpc finds this
// method by its name.
func (c *Conn) Secure(handshake func(net.Conn) (net.Conn, error)) (net.Conn, error) {
	h := c.h2.Load()
	if h == nil || !h.counts || h.over != nil || c.prefaceMatched != 0 {
		return nil, errors.New("lameduck: Secure must be called before anything is read or written, on a connection of a listener of AddGRPC")
	}
	h = c.ofGRPC()
	h.over = newLayer(&c.base, c)
	c.requireHTTP2 = true
	c.startHTTP2(h)
	above, err := handshake(ciphertext{h.over})
	if err != nil {
		return nil, err
	}
	h.over.finish(above)
	h.reading.Store(false)
	c.noteActivity()
	c.announce()
	return c, nil
}

// handshakeBegan is called when the first bytes of the client have come: from then on the
// termination waits for the handshake.
func (c *Conn) handshakeBegan() {
	c.h2.Load().reading.Store(true)
	if c.interrupted.Load() {
		c.clearInterrupt()
	}
}
