package link

// BeginRaw is for a connection that never is net/http's.
func (c *Conn) BeginRaw() {
	c.note.Store(&note{of: hijacked, raw: true})
	c.doing.Store(hijacked)
	c.requestBegun = true
	c.answered = true
	c.prefaceMatched = -1 // nor HTTP/2 that we may speak on, though it be that
}

// BeginGRPC expects HTTP/2: grpc-go writes before it has read. If the client
// begins with something else, TLS most likely, what it does is not known.
func (c *Conn) BeginGRPC() {
	c.BeginRaw()
	c.prefaceMatched = 0 // the preface is still to come
	h := newH2(&c.base, c)
	h.counts = true
	h.wire.ReadPaths()
	c.startHTTP2(h)
}
