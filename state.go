package lameduck

import "sync/atomic"

// A state is how far the termination of a process has come. Every request loads it,
// on every core, so nothing that is written often may be on its cache line.
type state struct {
	_       [cacheLine]byte
	current atomic.Pointer[drain] // nil while serving
	closing atomic.Bool           // the lame duck is over, connections are being closed
	_       [cacheLine]byte
}

const cacheLine = 64
