package link

import (
	"crypto/tls"
	"errors"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// A recordConn is the connection under a tls.Conn. It follows the records, so that it is
// known whether a part of one has come, and it can be read without waiting.
type recordConn struct {
	net.Conn
	slot    *slot   // of its handshake; nil before and after that
	first   [1]byte // the first byte of the connection, which is read before the handshake
	unread  bool    // first has come, and the tls.Conn has not read it yet
	polling bool    // Read does not wait
	have    uint8   // bytes of a record's head that have come; recordHead until the record is whole, 0 between two records
	left    uint16  // bytes of the record that are still to come, once its head is whole
}

// recordHead is the length of a record's head, of which the last two bytes are the length
// of the rest (RFC 8446, section 5.1).
const recordHead = 5

// midRecord reports whether a part of a record has come, and the rest has not.
func (s *recordConn) midRecord() bool { return s.have > 0 }

// Read is called by the tls.Conn.
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

// follow notes which part of a record b ends with.
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

// readRecords is readNow for a connection with TLS.
func readRecords(over *tls.Conn, b []byte) (n int, err error) {
	s, ok := over.NetConn().(*recordConn)
	if !ok { // TLS of the program's listener: if a part of a record has come, this waits for the rest
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
