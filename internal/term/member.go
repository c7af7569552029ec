package term

import (
	"context"
	"sync"
	"time"
)

// A Member is something long-lived that is not a connection, such as a gRPC stream. It
// has its own moment to leave.
type Member struct {
	state *State
	Moment
}

// Join makes a new member, and returns ctx with it. The member is removed when ctx ends.
func (s *Members) Join(ctx context.Context, of *State) context.Context {
	m := &Member{state: of, Moment: Moment{Share: NewShare()}}
	s.add(m)
	context.AfterFunc(ctx, func() { s.remove(m) })
	return context.WithValue(ctx, Key, Leaver(m))
}

// Draining returns the channel that is closed at the moment of the member.
func (m *Member) Draining() <-chan struct{} { return m.Channel(m.state, m.arrange) }

func (m *Member) arrange(d *Termination) {
	wait := time.Until(d.LeaveAt(m.Share))
	if m.state.Finishing.Load() {
		wait = 0
	}
	m.Schedule(m.state, wait, m)
}

// LameDuck arranges the moment, if a handler waits for it. It is called at T0.
func (m *Member) LameDuck(d *Termination) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.Leave != nil {
		m.arrange(d)
	}
}

// Due is called by the Agenda at the moment.
func (m *Member) Due() { m.AskToLeave() }

// AskToLeave closes the channel of Draining, if it is open.
func (m *Member) AskToLeave() {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Pass()
}

// Members is the set of the members whose context has not ended. The zero value is empty.
type Members struct {
	mu  sync.Mutex
	all map[*Member]struct{}
}

func (s *Members) add(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*Member]struct{}{}
	}
	s.all[m] = struct{}{}
}

func (s *Members) remove(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, m)
}

// List returns all of them.
func (s *Members) List() []*Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Member, 0, len(s.all))
	for m := range s.all {
		all = append(all, m)
	}
	return all
}
