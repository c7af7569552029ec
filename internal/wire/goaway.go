package wire

import "encoding/binary"

// FirstGoAway is the first phase of a graceful end (RFC 9113, section 6.8): a
// GOAWAY that refuses nothing, and a Ping. If the server has sent a GOAWAY itself,
// this one refuses the same streams: none may refuse less than an earlier one.
func (c *Conn) FirstGoAway() []byte {
	return append(goAway(c.atMost(maxStream)), c.Ping()...)
}

// LastGoAway is the second phase: it names the last stream that was served.
func (c *Conn) LastGoAway() []byte { return goAway(c.atMost(c.Last())) }

// Ping returns a PING. When the client has answered it, the client has read all that was
// sent before. Without that knowledge a connection must not be closed right after a long
// answer: the client's next WINDOW_UPDATE would meet a closed socket, and our kernel
// would then drop what it has not sent yet.
func (c *Conn) Ping() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pings++
	c.acked, c.stale = false, false
	data := pingData(c.pings)
	return append([]byte{0, 0, byte(len(data)), framePing, 0, 0, 0, 0, 0}, data[:]...)
}

func (c *Conn) atMost(stream uint32) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuses {
		return min(stream, c.limit)
	}
	return stream
}

// InadequateSecurity is the error code for a connection whose TLS is too weak for HTTP/2
// (RFC 9113, section 7).
const InadequateSecurity = 0xc

// Refusal is the GOAWAY of a server that serves no HTTP/2 on a connection, with an
// error code and a reason as text.
func Refusal(code uint32, reason string) []byte {
	b := append(goAway(0), reason...)
	b[2] += byte(len(reason))
	binary.BigEndian.PutUint32(b[headSize+4:], code)
	return b
}

func goAway(last uint32) []byte {
	b := make([]byte, headSize+8, 2*(headSize+8))
	b[2], b[3] = 8, frameGoAway
	binary.BigEndian.PutUint32(b[headSize:], last)
	return b // the error code is NO_ERROR
}
