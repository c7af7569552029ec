package link

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
)

// A gRPC server with credentials does the handshake itself, on a connection of ours. The
// code that follows the frames, and puts GOAWAY between them, must work above the
// encryption. So the handshake is done on the connection below ours, and then our HTTP/2
// side reads and writes through the encrypted connection that the handshake has made.

// A layer is the encryption between a connection of gRPC and the socket.
type layer struct {
	net.Conn // the connection below
	of       layered
	conn     *base
	records  recordConn // follows the records of the connection below, if they are of TLS; of the goroutine that reads
	tls      bool       // they are; else nothing is known of its records

	handshake atomic.Int32 // how far it has come
	above     net.Conn     // what the handshake has made; not changed after the handshake
}

// How far a handshake has come.
const (
	handshakeAwaited = iota // the client has sent nothing
	handshakeBegun
	handshakeOver
)

// A layered is the connection over a layer.
type layered interface {
	polled
	handshakeBegan()
	BeginClose() bool
	EndClose() error
}

func newLayer(c *base, of layered) *layer {
	return &layer{Conn: c.Conn, of: of, conn: c, records: recordConn{Conn: c.Conn}}
}

func (l *layer) Read(b []byte) (int, error)  { return l.above.Read(b) }
func (l *layer) Write(b []byte) (int, error) { return l.above.Write(b) }

// Close closes the encrypted connection, which may send a last record, and the connection
// below.
func (l *layer) Close() error {
	if l.handshake.Load() != handshakeOver {
		return l.Conn.Close()
	}
	defer l.Conn.Close()
	return l.above.Close()
}

// finish notes what the handshake has made.
func (l *layer) finish(above net.Conn) {
	l.above = above
	l.handshake.Store(handshakeOver)
}

// closable reports whether no handshake is under way.
func (l *layer) closable() bool { return l.handshake.Load() != handshakeBegun }

// midRecord reports, to the reader, whether a part of a record has come.
func (l *layer) midRecord() bool { return l.tls && l.records.midRecord() }

// poll is readNow for the encrypted connection.
func (l *layer) poll(b []byte) (n int, err error) {
	l.records.polling = true
	n, err = l.above.Read(b)
	l.records.polling = false
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}

// A ciphertext is the connection below a layer, as it is given to the credentials.
type ciphertext struct{ *layer }

// Read waits for the first bytes of the client as for those of a request: until then the
// connection is idle, and is closed as an idle one is.
func (s ciphertext) Read(b []byte) (int, error) {
	if s.handshake.Load() != handshakeAwaited {
		return s.records.Read(b)
	}
	n, err := s.conn.readFrom(s.of, s.layer.Conn, b)
	if n > 0 {
		s.tls = b[0] == handshakeRecord
		s.records.follow(b[:n])
		s.handshake.Store(handshakeBegun)
		s.of.handshakeBegan()
	}
	return n, err
}

// handshakeRecord is the type of the first record of a client (RFC 8446, section 5.1).
const handshakeRecord = 22

func (s ciphertext) Write(b []byte) (int, error) { return s.layer.Conn.Write(b) }

// Close closes the whole connection, the one over the layer too: the server gives the
// handshake up.
func (s ciphertext) Close() error {
	if s.of.BeginClose() {
		return s.of.EndClose()
	}
	return s.layer.Conn.Close()
}
