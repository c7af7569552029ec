package link

import (
	"runtime"
	"sync"
	"sync/atomic"
	"weak"
)

// Set is the set of open connections. It is locked when a connection
// comes, goes or is taken over, never on the path of a request.
type Set struct {
	mu    sync.Mutex
	open  group         // net/http may serve requests on these
	apart group         // not on these: AddConn's, gRPC's, and some that a handler has taken over
	Ended chan struct{} // has an element after the last of open, or of all, has ended

	announced []*Conn       // went idle since the closing phase has looked
	Idle      chan struct{} // has an element if announced has

	// taken are those that only the program holds, and what is closed when they are
	// to leave, if the program waits for that. One that it loses without closing it
	// is closed by the garbage collector, as with net/http.
	taken   map[weak.Pointer[Conn]]chan struct{}
	lost    int
	waiting []chan struct{} // of those that were lost

	ClosedIdle atomic.Int64 // silent connections that we closed, whose clients had not been asked to leave
}

func (s *Set) Init() {
	s.taken = map[weak.Pointer[Conn]]chan struct{}{}
	s.Ended = make(chan struct{}, 1)
	s.Idle = make(chan struct{}, 1)
}

func (s *Set) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.doing.Load() == hijacked {
		s.apart.add(c)
	} else {
		s.open.add(c)
	}
}

func (s *Set) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.open)
	s.open.remove(c)
	s.apart.remove(c)
	if len(s.taken) > 0 {
		delete(s.taken, weak.Make(c))
	}
	if len(s.open) == 0 && (before > 0 || len(s.apart)+len(s.taken) == 0) {
		s.SignalEnd()
	}
}

// A group is connections in no order. Each knows its place in the one that it is in.
type group []*Conn

// add adds c, unless it is there.
func (g *group) add(c *Conn) {
	if !g.has(c) {
		c.index = int32(len(*g))
		*g = append(*g, c)
	}
}

func (g group) has(c *Conn) bool { return int(c.index) < len(g) && g[c.index] == c }

// remove returns false if c is not there.
func (g *group) remove(c *Conn) bool {
	if !g.has(c) {
		return false
	}
	end := len(*g) - 1
	last := (*g)[end]
	(*g)[c.index] = last
	last.index = c.index
	(*g)[end] = nil
	*g = (*g)[:end]
	return true
}

// A Count is how many connections there are of each kind.
type Count struct{ Open, Apart, Taken int }

func (s *Set) Count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Count{len(s.open), len(s.apart), len(s.taken)}
}

// announce tells the closing phase that c went idle, or may be closed earlier.
// Before that phase it does nothing.
func (s *Set) announce(c *Conn) {
	if !c.state.Closing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.announced {
		c.announced = true
		s.announced = append(s.announced, c)
	}
	notify(s.Idle)
}

// TakeIdle returns those that were announced.
func (s *Set) TakeIdle() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.announced
	for _, c := range all {
		c.announced = false
	}
	s.announced = nil
	return all
}

// SignalEnd tells the closing phase, and the cut, that something has ended.
func (s *Set) SignalEnd() { notify(s.Ended) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take notes that a handler has taken c over. If alone, only the program can close
// it from now on; leave is closed to ask it to leave, and nil if it does not wait.
func (s *Set) take(c *Conn, alone bool, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.remove(c) {
		return // it is closed
	}
	if len(s.open) == 0 {
		s.SignalEnd() // of those that can carry a request
	}
	if !alone {
		s.apart.add(c)
		return
	}
	w := weak.Make(c)
	s.taken[w] = leave
	runtime.AddCleanup(c, s.lose, w)
}

// lose is called when the program has lost a connection. It may send and close
// nothing: in a test of the program the channels may be of a synctest bubble.
func (s *Set) lose(w weak.Pointer[Conn]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	leave, is := s.taken[w]
	if !is {
		return // it was closed
	}
	delete(s.taken, w)
	s.lost++
	if leave != nil {
		s.waiting = append(s.waiting, leave)
	}
}

// leaves notes that the program waits for leave of c.
func (s *Set) leaves(c *Conn, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := weak.Make(c); s.isTaken(w) {
		s.taken[w] = leave
	}
}

// hold keeps c although the program may have no other reference to it: it holds
// what is under it.
func (s *Set) hold(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := weak.Make(c); s.isTaken(w) {
		delete(s.taken, w)
		s.apart.add(c)
	}
}

func (s *Set) isTaken(w weak.Pointer[Conn]) bool {
	_, is := s.taken[w]
	return is
}

// ReleaseWaiting tells those that wait for a connection that was lost. It returns
// how many were lost in all.
func (s *Set) ReleaseWaiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, leave := range s.waiting {
		select {
		case <-leave: // it was asked before
		default:
			close(leave)
		}
	}
	s.waiting = nil
	return s.lost
}

// List returns all of them. The lock, for which each accept waits, is held while
// pointers are copied: 8 MB for a million connections.
func (s *Set) List() []*Conn {
	n := s.Count()
	all := make([]*Conn, 0, n.Open+n.Apart+n.Taken+64) // some may be added meanwhile
	s.mu.Lock()
	defer s.mu.Unlock()
	all = append(append(all, s.open...), s.apart...)
	for w := range s.taken {
		if c := w.Value(); c != nil {
			all = append(all, c)
		}
	}
	return all
}

// AwaitNews is called before the health servers are shut down: no connection with
// a health Watch is closed before the watcher has its message.
func (s *Set) AwaitNews() {
	for _, c := range s.List() {
		if h := c.h2.Load(); h != nil {
			h.awaitWatches()
		}
	}
}

func (s *Set) countIdle() { s.ClosedIdle.Add(1) }
