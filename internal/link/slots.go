package link

import (
	"runtime"
	"sync/atomic"
	"time"
)

// slots bounds how many handshakes compute at one time. When many clients connect at
// once, as after a rollout, the requests on open connections would else wait for the
// processor behind all of their handshakes. A handshake that waits for its client has no
// slot, so clients that send nothing, or slowly, keep no other one from a handshake; and
// connections are accepted whether a slot is free or not.
type slots chan struct{}

// newSlots returns so many that a request waits 20 to 40 ms behind them on one core.
func newSlots() slots { return make(slots, max(16, 2*runtime.GOMAXPROCS(0))) }

// slotLimit is how long a handshake keeps a slot at most. One that does not return it
// by then does not compute: a GetCertificate asks a server, or the private key is in
// one. Such handshakes have no bound in net/http.
const slotLimit = 10 * time.Millisecond

// A slot is what one handshake has of them. It is of the goroutine of the handshake, but
// for what limits it.
type slot struct {
	of    slots
	cut   <-chan struct{}
	limit *time.Timer
	held  atomic.Bool
}

// take waits for a slot, until the cut.
func (s *slot) take() {
	select {
	case s.of <- struct{}{}:
	case <-s.cut:
		return
	}
	// The other handshakes that can go on read first what has come, and then wait for a
	// slot: without this each would compute as soon as it runs, and a request would wait
	// for the processor behind all of them.
	runtime.Gosched()
	s.held.Store(true)
	if s.limit == nil {
		s.limit = time.AfterFunc(slotLimit, s.giveBack)
	} else {
		s.limit.Reset(slotLimit)
	}
}

// leave gives the slot back, if the handshake has one.
func (s *slot) leave() {
	if s.limit != nil {
		s.limit.Stop()
	}
	s.giveBack()
}

func (s *slot) giveBack() {
	if s.held.Swap(false) {
		<-s.of
	}
}
