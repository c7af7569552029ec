//go:build !linux

package engine

import "net"

// unacked is not known here, and only needed because of the SYN cookies of Linux.
func unacked(net.Conn) int { return 0 }
