package engine

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
}
