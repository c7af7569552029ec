package lameduck

import "sync"

// connSet is the set of open connections. It is locked when a connection
// comes or goes, never on the path of a request.
type connSet struct {
	mu      sync.Mutex
	open    map[*conn]struct{}
	changed chan struct{} // has an element after a change
}

func (s *connSet) init() {
	s.open = map[*conn]struct{}{}
	s.changed = make(chan struct{}, 1)
}

func (s *connSet) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = struct{}{}
}

func (s *connSet) remove(c *conn) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.poke()
}

// poke tells the closing phase that a connection has gone, or gone idle.
func (s *connSet) poke() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *connSet) list() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	return all
}
