package traffic

import (
	"context"
	"errors"
	"net"
)

// DialTo connects to host:port, and resolves a name at each dial. For the pod
// it returns the address of the connection: that of a pod, where the Service is
// headless. Its caller has to map that address to a pod, or to none.
func DialTo(address string) Dialer {
	return func(ctx context.Context) (net.Conn, string, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		return conn, dialled(conn, err), err
	}
}

// dialled is the address a connection was made to, or meant for.
func dialled(conn net.Conn, err error) string {
	var addr net.Addr
	if conn != nil {
		addr = conn.RemoteAddr()
	} else if op, ok := errors.AsType[*net.OpError](err); ok {
		addr = op.Addr
	}
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return ""
}
