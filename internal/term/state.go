package term

import (
	"sync/atomic"
	"time"
)

// A State is how far the termination of a process has come. Every request loads it, on
// every core. So it has a cache line of its own: nothing on that may be written often,
// for example by each accept.
type State struct {
	_         [cacheLine]byte
	Current   atomic.Pointer[Termination] // nil while serving
	Finishing atomic.Bool                 // the lame duck is over: listeners close, then idle connections
	_         [cacheLine]byte

	Agenda Agenda    // the moments of what is asked to leave
	Origin time.Time // just before the process began to serve: connections keep times as nanoseconds after it; not changed
}

const cacheLine = 64
