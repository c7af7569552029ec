package link

import (
	"runtime"
	"sync/atomic"
	"time"
)

// slots bounds how many handshakes compute at the same time. Without it, when many clients
// connect at once, as after a rollout, requests on open connections would get the
// processor only after all handshakes. A handshake that waits for its client has no slot,
// so clients that send nothing, or slowly, delay no other client; and connections are
// accepted whether a slot is free or not.
type slots chan struct{}

// newSlots returns so many slots that a request waits 20 to 40 ms for their handshakes on
// one core.
func newSlots() slots { return make(slots, max(16, 2*runtime.GOMAXPROCS(0))) }

// slotLimit is how long a handshake keeps a slot at most. One that takes longer is not
// computing but waiting: GetCertificate asks a server, or the private key is on one. Such
// handshakes need no bound, and net/http has none.
const slotLimit = 10 * time.Millisecond

// A slot is one handshake's use of the slots. Only the goroutine of the handshake uses it,
// and the timer.
type slot struct {
	of    slots
	cut   <-chan struct{} // closed at the cut
	limit *time.Timer     // calls giveBack after slotLimit
	held  atomic.Bool     // the handshake has a slot
}

// take waits for a slot, until the cut.
func (s *slot) take() {
	select {
	case s.of <- struct{}{}:
	case <-s.cut:
		return
	}
	// Now all other handshakes that can run read what has come, and then wait for a slot.
	// Without this each would compute as soon as it runs, and a request would get the
	// processor only after all of them.
	runtime.Gosched()
	s.held.Store(true)
	if s.limit == nil {
		s.limit = time.AfterFunc(slotLimit, s.giveBack)
	} else {
		s.limit.Reset(slotLimit)
	}
}

// leave stops the timer, and gives the slot back if the handshake has one.
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
