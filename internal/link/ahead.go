package link

import "sync"

// aheadSize is how much is read ahead at most.
const aheadSize = 1 << 10

// aheadRooms are the memory of those that read ahead: an idle connection has none.
var aheadRooms = sync.Pool{New: func() any { return new([aheadSize]byte) }}

// A readAhead holds what has been read of a connection, and was not asked for.
type readAhead struct {
	held     *[aheadSize]byte // nil if it is empty
	from, to uint16
}

// room is where to read into; filled must follow.
func (a *readAhead) room() []byte {
	a.held = aheadRooms.Get().(*[aheadSize]byte)
	return a.held[:]
}

// filled notes that so many bytes were read into room.
func (a *readAhead) filled(n int) {
	a.from, a.to = 0, uint16(n)
	a.release()
}

// take returns how much it has copied to b.
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
