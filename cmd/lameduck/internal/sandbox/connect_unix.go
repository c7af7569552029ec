//go:build unix

package sandbox

import (
	"context"
	"net"
	"net/netip"
)

// connect returns a plain net.Conn: a nil *net.TCPConn in it would not be nil.
func connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialTCP(ctx, "tcp", netip.AddrPort{}, to)
	if err != nil {
		return nil, err
	}
	return conn, nil
}
