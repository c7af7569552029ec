package link

import "sync/atomic"

// limits is what is known of the deadlines that net/http and handlers have set on a
// connection: some of the bits below.
type limits struct{ atomic.Uint32 }

const (
	writeNone  uint32 = 1 << iota // net/http has set the write deadline to none; before that one of the listener may hold
	writeSet                      // a write deadline was set once, and may hold still
	readUnsure                    // read deadlines were set at the same time, so it is not known which holds
	readSet                       // the lowest bit of a counter: it is odd from the first call of a pair to the second (setWithinRequest)
)

// note sets a bit, which is never cleared again.
func (l *limits) note(bit uint32) {
	if l.Load()&bit == 0 {
		l.Or(bit)
	}
}
