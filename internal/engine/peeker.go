package engine

import (
	"net"
	"time"
)

// ErrNothing is the error of ReadNow on a connection that is open and has
// received nothing.
var ErrNothing error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing to read" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// peeker reads what a connection has received already, without waiting.
type peeker interface {
	// ReadNow is a Read that does not wait.
	ReadNow(p []byte) (int, error)
	// Ask writes request, and reads what is received afterwards. It returns when it
	// was written and the error of that, and what was read. Nothing may have been read
	// although there is no error.
	Ask(request, answer []byte) Asked
}

// Asked is the result of Ask.
type Asked struct {
	Sent     time.Time // zero: not all of the request was written
	WriteErr error
	N        int // bytes of the answer
	ReadErr  error
}

func write(nc net.Conn, p []byte) (a Asked) {
	if _, a.WriteErr = nc.Write(p); a.WriteErr == nil {
		a.Sent = time.Now()
	}
	return a
}
