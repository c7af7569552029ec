package link

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// Set is the set of open connections. A part of it is locked when a connection of that
// part comes, goes or is taken over, and never on the path of a request.
type Set struct {
	parts []part
	Ended chan struct{} // has an element after the last of open, or of all, has ended
	Idle  chan struct{} // has an element if some went idle since the closing phase last checked

	ClosedIdle atomic.Int64 // silent connections that we closed, whose clients had not been asked to leave
}

// manyParts is into how many a Set is divided: a goroutine that lists a million connections keeps an
// accept waiting while 16,000 pointers are copied.
const manyParts = 64

// A part is some of the connections, whatever they are doing.
type part struct {
	set   *Set
	mu    sync.Mutex
	open  group // net/http may serve requests on these
	apart group // not on these: AddConn's, gRPC's, and some that a handler has taken over

	announced []*Conn // went idle since the closing phase last checked

	// taken are those that only the program holds, and what is closed when they are
	// to leave, if the program waits for that. One that it loses without closing it
	// is closed by the garbage collector, as with net/http.
	taken   map[weak.Pointer[Conn]]chan struct{}
	lost    int
	waiting []chan struct{} // of those that were lost
}

func (s *Set) Init() {
	s.parts = make([]part, manyParts)
	for i := range s.parts {
		s.parts[i].set = s
	}
	s.Ended = make(chan struct{}, 1)
	s.Idle = make(chan struct{}, 1)
}

// of is the part that c belongs to. Its share is random, so the parts are as large as
// one another.
func (s *Set) of(c *Conn) *part { return &s.parts[min(int(c.Share*manyParts), manyParts-1)] }

func (s *Set) add(c *Conn)      { s.of(c).add(c) }
func (s *Set) remove(c *Conn)   { s.of(c).remove(c) }
func (s *Set) hold(c *Conn)     { s.of(c).hold(c) }
func (s *Set) countIdle()       { s.ClosedIdle.Add(1) }
func (s *Set) announce(c *Conn) { s.of(c).announce(c) }

func (s *Set) take(c *Conn, alone bool, leave chan struct{}) { s.of(c).take(c, alone, leave) }
func (s *Set) leaves(c *Conn, leave chan struct{})           { s.of(c).leaves(c, leave) }

// SignalEnd signals to the closing phase, and to the cut, that something has ended.
func (s *Set) SignalEnd() { notify(s.Ended) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *part) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.doing.Load() == hijacked {
		s.apart.add(c)
	} else {
		s.open.add(c)
	}
}

func (s *part) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.open)
	s.open.remove(c)
	s.apart.remove(c)
	if len(s.taken) > 0 {
		delete(s.taken, weak.Make(c))
	}
	if len(s.open) == 0 && (before > 0 || len(s.apart)+len(s.taken) == 0) {
		s.set.SignalEnd() // of this part, and so it is of the last one too
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

func (n Count) all() int { return n.Open + n.Apart + n.Taken }

func (s *part) count() Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Count{len(s.open), len(s.apart), len(s.taken)}
}

func (s *Set) Count() (n Count) {
	for i := range s.parts {
		of := s.parts[i].count()
		n.Open += of.Open
		n.Apart += of.Apart
		n.Taken += of.Taken
	}
	return n
}

// announce reports to the closing phase that c went idle, or may be closed earlier.
// Before that phase it does nothing.
func (s *part) announce(c *Conn) {
	if !c.state.Closing.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.announced {
		c.announced = true
		s.announced = append(s.announced, c)
	}
	notify(s.set.Idle)
}

func (s *part) takeIdle() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.announced
	for _, c := range all {
		c.announced = false
	}
	s.announced = nil
	return all
}

// TakeIdle returns those that were announced.
func (s *Set) TakeIdle() (all []*Conn) {
	for i := range s.parts {
		all = append(all, s.parts[i].takeIdle()...)
	}
	return all
}

// take notes that a handler has taken c over. If alone, only the program can close
// it from now on; leave is closed to ask it to leave, and nil if it does not wait.
func (s *part) take(c *Conn, alone bool, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.remove(c) {
		return // it is closed
	}
	if len(s.open) == 0 {
		s.set.SignalEnd() // of those that can carry a request
	}
	if !alone {
		s.apart.add(c)
		return
	}
	w := weak.Make(c)
	if s.taken == nil {
		s.taken = map[weak.Pointer[Conn]]chan struct{}{}
	}
	s.taken[w] = leave
	runtime.AddCleanup(c, s.lose, w)
}

// lose is called when the program has lost a connection. It may send and close
// nothing: in a test of the program the channels may be of a synctest bubble.
func (s *part) lose(w weak.Pointer[Conn]) {
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
func (s *part) leaves(c *Conn, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := weak.Make(c); s.isTaken(w) {
		s.taken[w] = leave
	}
}

// hold keeps c although the program may have no other reference to it: it holds
// what is under it.
func (s *part) hold(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := weak.Make(c); s.isTaken(w) {
		delete(s.taken, w)
		s.apart.add(c)
	}
}

func (s *part) isTaken(w weak.Pointer[Conn]) bool {
	_, is := s.taken[w]
	return is
}

func (s *part) releaseWaiting() int {
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

// ReleaseWaiting releases those that wait for a connection that was lost. It returns
// how many were lost in all.
func (s *Set) ReleaseWaiting() (lost int) {
	for i := range s.parts {
		lost += s.parts[i].releaseWaiting()
	}
	return lost
}

// list puts its connections into some, whatever is there. No memory is made under the
// lock: that may have to wait for the garbage collector.
func (s *part) list(some []*Conn) []*Conn {
	for {
		some = slices.Grow(some[:0], s.count().all()+16) // some may be added meanwhile
		if all, ok := s.copyTo(some); ok {
			return all
		}
	}
}

// copyTo appends its connections to some, if there is room.
func (s *part) copyTo(some []*Conn) (all []*Conn, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open)+len(s.apart)+len(s.taken) > cap(some) {
		return some, false
	}
	some = append(append(some, s.open...), s.apart...)
	for w := range s.taken {
		if c := w.Value(); c != nil {
			some = append(some, c)
		}
	}
	return some, true
}

// All is all of them. No lock is held while one is examined.
func (s *Set) All() iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		var some []*Conn
		for i := range s.parts {
			some = s.parts[i].list(some)
			for _, c := range some {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// List returns all of them.
func (s *Set) List() []*Conn { return slices.AppendSeq(make([]*Conn, 0, s.Count().all()), s.All()) }

// AwaitNews is called before the health servers are shut down: no connection with
// a health Watch is closed before the watcher has its message.
func (s *Set) AwaitNews() {
	for c := range s.All() {
		if h := c.h2.Load(); h != nil {
			h.awaitWatches()
		}
	}
}
