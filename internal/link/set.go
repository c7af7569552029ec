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
// part is accepted, closed or taken over, and never on the path of a request.
type Set struct {
	parts []part
	Ended chan struct{} // has an element when a part has become empty, or none of its connections can carry a request any more
	Idle  chan struct{} // has an element if connections went idle since the finishing phase last looked

	ClosedIdle atomic.Int64 // idle connections that we have closed although their client had not been asked to leave
}

// manyParts is into how many parts a Set is divided: so a goroutine that lists a million
// connections delays an accept only while it copies 16,000 pointers.
const manyParts = 64

// A part is a random part of the connections.
type part struct {
	set   *Set
	mu    sync.Mutex
	open  group // net/http may serve requests on these
	apart group // not on these: AddConn's, gRPC's, and some that a handler has taken over

	announced []*Conn // went idle since the finishing phase last looked

	// taken are the connections that a handler has taken over and only the program holds.
	// The garbage collector closes one that the program loses without closing it, as with
	// net/http. The value is the channel of Draining, nil if the program has not asked for
	// it.
	taken   map[weak.Pointer[Conn]]chan struct{}
	lost    int             // how many of taken the program has lost
	waiting []chan struct{} // the channels of those
}

// Init makes the set ready to use.
func (s *Set) Init() {
	s.parts = make([]part, manyParts)
	for i := range s.parts {
		s.parts[i].set = s
	}
	s.Ended = make(chan struct{}, 1)
	s.Idle = make(chan struct{}, 1)
}

// of is the part that c belongs to. c.Share is random, so all parts have about the same
// size.
func (s *Set) of(c *Conn) *part { return &s.parts[min(int(c.Share*manyParts), manyParts-1)] }

func (s *Set) add(c *Conn)      { s.of(c).add(c) }
func (s *Set) remove(c *Conn)   { s.of(c).remove(c) }
func (s *Set) hold(c *Conn)     { s.of(c).hold(c) }
func (s *Set) countIdle()       { s.ClosedIdle.Add(1) }
func (s *Set) announce(c *Conn) { s.of(c).announce(c) }

func (s *Set) take(c *Conn, alone bool, leave chan struct{}) { s.of(c).take(c, alone, leave) }
func (s *Set) leaves(c *Conn, leave chan struct{})           { s.of(c).leaves(c, leave) }

// SignalEnd signals to the finishing phase, and to the cut, that something has ended.
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
		s.set.SignalEnd() // the part is empty: it may be the last one that was not
	}
}

// A group is connections in no order. A connection is in one group at most, and knows its
// index there.
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

// A Count is how many connections are in each of the groups, and in taken.
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

// announce reports to the finishing phase that c went idle, or may be closed earlier than
// it was due. Before that phase it does nothing.
func (s *part) announce(c *Conn) {
	if !c.state.Finishing.Load() {
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

// TakeIdle returns the connections that were announced since its last call.
func (s *Set) TakeIdle() (all []*Conn) {
	for i := range s.parts {
		all = append(all, s.parts[i].takeIdle()...)
	}
	return all
}

// take notes that a handler has taken c over. alone: from now on only the program holds
// it. leave is the channel of Draining, nil if the program has not asked for it.
func (s *part) take(c *Conn, alone bool, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open.remove(c) {
		return // c is closed
	}
	if len(s.open) == 0 {
		s.set.SignalEnd() // no connection of the part can carry a request any more
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

// lose is called by the garbage collector when the program has lost a connection. It must
// not send on a channel or close one: in a test of the program the channels may belong to
// a synctest bubble.
func (s *part) lose(w weak.Pointer[Conn]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	leave, is := s.taken[w]
	if !is {
		return // the program has closed it, or holds the connection under it
	}
	delete(s.taken, w)
	s.lost++
	if leave != nil {
		s.waiting = append(s.waiting, leave)
	}
}

// leaves notes that the program has asked for leave, the channel of Draining of c.
func (s *part) leaves(c *Conn, leave chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := weak.Make(c); s.isTaken(w) {
		s.taken[w] = leave
	}
}

// hold keeps c from the garbage collector, because the program has got the connection
// under c and may hold only that.
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
		case <-leave: // it is closed already
		default:
			close(leave)
		}
	}
	s.waiting = nil
	return s.lost
}

// ReleaseWaiting closes the Draining channels of connections that were lost, so that
// goroutines that wait for them end. It returns how many connections were lost in all.
func (s *Set) ReleaseWaiting() (lost int) {
	for i := range s.parts {
		lost += s.parts[i].releaseWaiting()
	}
	return lost
}

// list returns the connections of the part, in the memory of some if that is enough. It
// allocates none under the lock: that may have to wait for the garbage collector.
func (s *part) list(some []*Conn) []*Conn {
	for {
		some = slices.Grow(some[:0], s.count().all()+16) // a few connections may be added meanwhile
		if all, ok := s.copyTo(some); ok {
			return all
		}
	}
}

// copyTo appends the connections of the part to some, if that has room for all.
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

// All iterates over all connections. No lock is held while the caller has one.
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

// List returns all connections.
func (s *Set) List() []*Conn { return slices.AppendSeq(make([]*Conn, 0, s.Count().all()), s.All()) }

// AwaitNews is called before the health servers are shut down: from then on no connection
// with a health Watch counts as confirmed before NOT_SERVING was sent on the Watch.
func (s *Set) AwaitNews() {
	for c := range s.All() {
		if h := c.h2.Load(); h != nil {
			h.awaitWatches()
		}
	}
}
