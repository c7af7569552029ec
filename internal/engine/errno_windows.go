package engine

import "syscall"

// Windows' sockets have numbers of their own, beside the portable ones of
// package syscall, which a dialer may return.
var (
	refusedErrnos     = []syscall.Errno{10061, syscall.ECONNREFUSED} // WSAECONNREFUSED
	resetErrnos       = []syscall.Errno{syscall.WSAECONNRESET, syscall.WSAECONNABORTED, syscall.ECONNRESET, syscall.EPIPE}
	unreachableErrnos = []syscall.Errno{10065, 10051, 10064, 10050} // WSAEHOSTUNREACH, WSAENETUNREACH, WSAEHOSTDOWN, WSAENETDOWN
	timeoutErrnos     = []syscall.Errno{10060}                      // WSAETIMEDOUT
)
