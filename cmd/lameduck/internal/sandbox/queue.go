package sandbox

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
