package traffic

import (
	"context"
	"errors"
	"net"
)

// DialTo connects to host:port, and resolves a name at each dial. It knows no
// pod: Attempt.Addr has the address of the connection, which is that of a pod
// where the Service is headless.
func DialTo(address string) Dialer {
	return func(ctx context.Context) (net.Conn, string, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		return conn, "", err
	}
}

// dialled is the address a connection was made to, or meant for; empty if that
// is not known.
func dialled(conn net.Conn, err error) string {
	var addr net.Addr
	if err == nil {
		addr = conn.RemoteAddr()
	} else if op, ok := errors.AsType[*net.OpError](err); ok {
		addr = op.Addr
	}
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.String()
	}
	return ""
}
