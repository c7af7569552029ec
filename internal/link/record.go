package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// A recordConn is the connection under a tls.Conn. It follows the records, so that
// it is known whether a part of one has come, and can be read without waiting.
type recordConn struct {
	net.Conn
	head    [5]byte // of the record at hand (RFC 8446, section 5.1)
	have    int8    // so many bytes of it have come
	headed  int8    // bytes of head that were read before the handshake
	looking bool    // reads do not wait
	left    int32   // of the record, once the head is whole
	slot    *slot   // of its handshake; nil when that is done
}

func (s *recordConn) midRecord() bool { return s.have > 0 || s.left > 0 }

// Read is the tls.Conn's.
func (s *recordConn) Read(b []byte) (n int, err error) {
	switch {
	case s.headed > 0:
		n = copy(b, s.head[:s.headed])
		s.headed = 0
	case s.looking:
		if n, err = readNow(s.Conn, b); n == 0 && err == nil {
			err = os.ErrDeadlineExceeded
		}
	case s.slot != nil:
		s.slot.leave() // while it waits for the client
		n, err = s.Conn.Read(b)
		s.slot.take()
	default:
		n, err = s.Conn.Read(b)
	}
	s.follow(b[:n])
	return n, err
}

// follow follows the records.
func (s *recordConn) follow(b []byte) {
	for len(b) > 0 {
		if s.left == 0 {
			n := copy(s.head[s.have:], b)
			s.have += int8(n)
			b = b[n:]
			if int(s.have) == len(s.head) {
				s.have, s.left = 0, int32(s.head[3])<<8|int32(s.head[4])
			}
			continue
		}
		n := min(int(s.left), len(b))
		s.left -= int32(n)
		b = b[n:]
	}
}

// lookNow is readNow for a connection that may be encrypted.
func lookNow(c net.Conn, b []byte) (n int, err error) {
	switch c := c.(type) {
	case *tls.Conn:
		return readRecords(c, b)
	case interface{ look([]byte) (int, error) }: // a layer
		return c.look(b)
	}
	return readNow(c, b)
}

// readRecords is readNow for TLS.
func readRecords(over *tls.Conn, b []byte) (n int, err error) {
	s, ok := over.NetConn().(*recordConn)
	if !ok { // the listener's own TLS: a record may be cut in two, and then waits
		over.SetReadDeadline(time.Now().Add(time.Millisecond))
		n, err = over.Read(b)
	} else {
		s.looking = true
		n, err = over.Read(b)
		s.looking = false
	}
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}
