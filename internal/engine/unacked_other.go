//go:build !linux

package engine

import "net"

// unacked is not known here; it matters for the SYN cookies of Linux.
func unacked(net.Conn) int { return 0 }
