package link

import "sync"

// aheadSize is how many bytes are read ahead at most.
const aheadSize = 1 << 10

// aheadRooms is memory for reading ahead. Connections take it while it holds something, so
// an idle one needs none.
var aheadRooms = sync.Pool{New: func() any { return new([aheadSize]byte) }}

// A readAhead holds bytes that were read from a connection and not asked for yet.
type readAhead struct {
	held     *[aheadSize]byte // nil if it is empty
	from, to uint16
}

// room returns the memory to read into; a call of filled must follow.
func (a *readAhead) room() []byte {
	a.held = aheadRooms.Get().(*[aheadSize]byte)
	return a.held[:]
}

// filled notes that n bytes were read into room.
func (a *readAhead) filled(n int) {
	a.from, a.to = 0, uint16(n)
	a.release()
}

// take copies what is held to b, and returns how many bytes that were.
func (a *readAhead) take(b []byte) int {
	if a.held == nil {
		return 0
	}
	n := copy(b, a.held[a.from:a.to])
	a.from += uint16(n)
	a.release()
	return n
}

func (a *readAhead) release() {
	if a.from == a.to {
		aheadRooms.Put(a.held)
		a.held = nil
	}
}
