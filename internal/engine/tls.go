package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// Secure does the TLS handshake. From then on all methods of c, ReadNow too, read and
// write the content of the records.
func (c *Conn) Secure(ctx context.Context, cfg *tls.Config) error {
	under := &switched{Conn: c.Conn, peeker: c.peeker}
	t := tls.Client(under, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.Conn, c.peeker = t, tlsPeeker{t, under}
	return nil
}

// switched is the connection under TLS. While now is set, its Read does not wait.
type switched struct {
	net.Conn
	peeker
	now bool
}

func (s *switched) Read(p []byte) (int, error) {
	if s.now {
		return s.ReadNow(p)
	}
	return s.Conn.Read(p)
}

// tlsPeeker reads the content of the records that have come. It also reads records
// without content, such as session tickets. ErrNothing is a temporary error, so that
// crypto/tls keeps the part of a record that it has, and goes on with it in the next Read.
type tlsPeeker struct {
	conn  *tls.Conn
	under *switched
}

func (t tlsPeeker) ReadNow(p []byte) (int, error) {
	t.under.now = true
	defer func() { t.under.now = false }()
	n, err := t.conn.Read(p)
	if n == 0 && errors.Is(err, ErrNothing) {
		err = ErrNothing
	}
	return n, err
}

// Ask leaves the reading to the caller.
func (t tlsPeeker) Ask(request, _ []byte) Asked { return write(t.conn, request) }

// DetectTLS reports whether the server answers a ClientHello as a server with TLS does, by
// a ServerHello or by an alert. It closes the connection.
func DetectTLS(ctx context.Context, nc net.Conn, cfg *tls.Config) bool {
	defer nc.Close()
	err := tls.Client(nc, cfg).HandshakeContext(ctx)
	var alert *net.OpError
	return err == nil || errors.As(err, &alert) && alert.Op == "remote error"
}
