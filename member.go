package lameduck

import (
	"context"
	"sync"
	"time"
)

// A member is something long-lived that is not a connection of its own, as a
// gRPC stream is: it has its own moment to leave.
type member struct {
	state *state
	departure
}

// join returns ctx as that of a new member.
func (s *memberSet) join(ctx context.Context, of *state) context.Context {
	m := &member{state: of, departure: departure{share: newShare()}}
	s.add(m)
	context.AfterFunc(ctx, func() { s.remove(m) })
	return context.WithValue(ctx, leaverKey, leaver(m))
}

func (m *member) draining() <-chan struct{} { return m.channel(m.state, m.arrange) }

func (m *member) arrange(d *drain) {
	wait := time.Until(d.moment(m.share))
	if m.state.closing.Load() {
		wait = 0
	}
	m.after(wait, m.depart)
}

func (m *member) lameDuck(d *drain) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leave != nil {
		m.arrange(d)
	}
}

func (m *member) depart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.come()
}

// memberSet is the set of those whose context has not ended. The zero value is empty.
type memberSet struct {
	mu  sync.Mutex
	all map[*member]struct{}
}

func (s *memberSet) add(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*member]struct{}{}
	}
	s.all[m] = struct{}{}
}

func (s *memberSet) remove(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, m)
}

func (s *memberSet) list() []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*member, 0, len(s.all))
	for m := range s.all {
		all = append(all, m)
	}
	return all
}
