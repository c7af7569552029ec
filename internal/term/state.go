package term

import (
	"sync/atomic"
	"time"
)

// A State is how far the termination of a process has come. Every request loads it,
// on every core: so nothing that is written often, as by each accept, may be on its
// cache line.
type State struct {
	_       [cacheLine]byte
	Current atomic.Pointer[Termination] // nil while serving
	Closing atomic.Bool                 // the lame duck is over, connections are being closed
	_       [cacheLine]byte

	Agenda Agenda    // the moments of what is asked to leave
	Origin time.Time // when the process began to serve: connections count in nanoseconds from here; not changed
}

const cacheLine = 64
