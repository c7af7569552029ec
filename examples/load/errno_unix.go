//go:build unix

package load

import "syscall"

var (
	refusedErrnos = []syscall.Errno{syscall.ECONNREFUSED, syscall.ENOENT} // ENOENT: no such Unix socket
	resetErrnos   = []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
)
