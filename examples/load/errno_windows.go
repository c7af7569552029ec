package load

import "syscall"

// Windows' sockets have numbers of their own: WSAECONNREFUSED, and
// WSAECONNRESET and WSAECONNABORTED.
var (
	refusedErrnos = []syscall.Errno{10061}
	resetErrnos   = []syscall.Errno{10054, 10053}
)
