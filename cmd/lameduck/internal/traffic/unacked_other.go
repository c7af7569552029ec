//go:build !linux

package traffic

import "net"

// unacked is not known here; it matters for the SYN cookies of Linux.
func unacked(net.Conn) int { return 0 }
