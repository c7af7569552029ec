package engine

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// Windows' sockets have numbers of their own, beside the portable ones of
// package syscall, which a Dialer may return.
var (
	refusedErrnos     = []syscall.Errno{windows.WSAECONNREFUSED, syscall.ECONNREFUSED}
	resetErrnos       = []syscall.Errno{windows.WSAECONNRESET, windows.WSAECONNABORTED, syscall.ECONNRESET, syscall.EPIPE}
	unreachableErrnos = []syscall.Errno{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAEHOSTDOWN, windows.WSAENETDOWN}
	timeoutErrnos     = []syscall.Errno{windows.WSAETIMEDOUT}
)
