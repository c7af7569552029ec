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
	// ReadNow is a Read that does not wait. If nothing has come its error is ErrNothing.
	ReadNow(p []byte) (int, error)
	// Ask writes request, and may read into answer what is received afterwards. If the
	// result has neither bytes nor an error, the caller has to read the answer.
	Ask(request, answer []byte) Asked
}

// Asked is the result of Ask.
type Asked struct {
	Sent     time.Time // when the request was written; zero: not all of it was
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
