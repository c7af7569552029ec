//go:build !unix

package link

import (
	"net"

	"github.com/lameduck-dev/lameduck/internal/look"
)

// readNow reads what has come, and mostly waits no longer than 1 ms. It returns 0 and nil
// if nothing has come.
func readNow(c net.Conn, b []byte) (int, error) { return look.Read(c, b) }
