package sandbox

import "errors"

// Queue is what the kernel shows of the TCP sockets that listen on a port.
type Queue struct {
	Listens bool // there is one
	Waiting int  // connections that are made and not yet accepted
}

// ErrNoQueue is the error where the kernel does not show its queues.
var ErrNoQueue = errors.New("the accept queue cannot be seen here")

// AcceptQueue looks at the accept queue of a port, of all listeners on it
// together. After the process has ended there is none.
func (p *Process) AcceptQueue(port int) (Queue, error) {
	if p.ended() {
		return Queue{}, nil
	}
	return p.backend.acceptQueue(port)
}

// Unaccepted are the connections in that queue, each by a number that no other
// socket has.
func (p *Process) Unaccepted(port int) ([]uint64, error) {
	if p.ended() {
		return nil, nil
	}
	return p.backend.unaccepted(port)
}
