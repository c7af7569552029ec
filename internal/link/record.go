package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// A recordConn is the connection under a tls.Conn. It follows the records, so that
// it is known whether a part of one has come, and can be read without waiting.
type recordConn struct {
	net.Conn
	slot    *slot   // of its handshake; nil when that is done
	first   [1]byte // the first byte of all, which was read before the handshake
	unread  bool    // first was, and the tls.Conn has not read it
	polling bool    // reads do not wait
	have    uint8   // bytes of a record's head that have come; recordHead until the record is whole
	left    uint16  // of the record, once its head is whole
}

// recordHead is the length of a record's head, of which the last two bytes are the length
// of the rest (RFC 8446, section 5.1).
const recordHead = 5

func (s *recordConn) midRecord() bool { return s.have > 0 }

// Read is the tls.Conn's.
func (s *recordConn) Read(b []byte) (n int, err error) {
	switch {
	case s.unread:
		n = copy(b, s.first[:])
		s.unread = n == 0
	case s.polling:
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
		n := 1
		switch {
		case s.have < recordHead-2:
			s.have++
		case s.have < recordHead:
			s.have++
			s.left = s.left<<8 | uint16(b[0])
		default:
			n = min(int(s.left), len(b))
			s.left -= uint16(n)
		}
		b = b[n:]
		if s.have == recordHead && s.left == 0 {
			s.have = 0
		}
	}
}

// pollNow is readNow for a connection that may be encrypted.
func pollNow(c net.Conn, b []byte) (n int, err error) {
	switch c := c.(type) {
	case *tls.Conn:
		return readRecords(c, b)
	case interface{ poll([]byte) (int, error) }: // a layer
		return c.poll(b)
	}
	return readNow(c, b)
}

// readRecords is readNow for TLS.
func readRecords(over *tls.Conn, b []byte) (n int, err error) {
	s, ok := over.NetConn().(*recordConn)
	if !ok { // the listener's own TLS: a record may be cut in two, and then waits
		return look.Read(over, b)
	}
	s.polling = true
	n, err = over.Read(b)
	s.polling = false
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}
