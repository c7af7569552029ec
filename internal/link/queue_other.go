//go:build !linux

package link

import "net"

// queued is not known here without accepting a connection.
func queued(net.Listener) (waits, known bool) { return false, false }
