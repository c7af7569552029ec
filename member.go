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

// WithDraining returns ctx with a moment within Spread at which [Draining]
// tells it to leave: for the streams of a gRPC server (in an interceptor), for
// whatever else lives long and has no context of a request. When ctx ends it is
// forgotten.
func (p *Process) WithDraining(ctx context.Context) context.Context {
	m := &member{state: &p.state, departure: departure{share: newShare()}}
	p.members.add(m)
	context.AfterFunc(ctx, func() { p.members.remove(m) })
	return context.WithValue(p.own(ctx), leaverKey, leaver(m))
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

// memberSet is the set of those whose context has not ended.
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
