package wire

import "encoding/binary"

// The frame types and flags that matter here (RFC 9113, sections 4.1 and 6).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRSTStream    = 0x3
	frameSettings     = 0x4
	framePushPromise  = 0x5
	framePing         = 0x6
	frameGoAway       = 0x7
	frameContinuation = 0x9

	flagEndStream  = 0x1 // of DATA and HEADERS
	flagAck        = 0x1 // of PING
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

const headSize = 9

// frames follows the frames of one direction, however they are split.
type frames struct {
	head    [headSize]byte // of the frame at hand
	have    uint8          // so many bytes of it have passed
	left    uint32         // of the frame's payload, once the head is whole
	inBlock bool           // a header block goes on in the next frame
}

// take takes bytes up to the end of a frame. payload is what of them belongs
// to the frame's payload; end reports that the frame is whole.
func (f *frames) take(b []byte) (payload, rest []byte, end bool) {
	if f.have < headSize {
		n := copy(f.head[f.have:], b)
		f.have += uint8(n)
		b = b[n:]
		if f.have < headSize {
			return nil, nil, false
		}
		f.left = uint32(f.head[0])<<16 | uint32(f.head[1])<<8 | uint32(f.head[2])
	}
	n := min(int(f.left), len(b))
	f.left -= uint32(n)
	if f.left > 0 {
		return b[:n], nil, false
	}
	f.have = 0
	switch f.kind() {
	case frameHeaders, framePushPromise, frameContinuation:
		f.inBlock = !f.has(flagEndHeaders)
	}
	return b[:n], b[n:], true
}

// between reports whether a frame of another's may be put here: not into a
// frame, and not into a header block.
func (f *frames) between() bool { return f.have == 0 && !f.inBlock }

// beginning reports whether the part of a frame that has passed is of a header
// block, as far as it has that.
func (f *frames) beginning() bool {
	if f.have == 0 || f.inBlock {
		return f.inBlock
	}
	return f.have <= 3 || f.kind() == frameHeaders || f.kind() == frameContinuation
}

// copy copies of a frame's payload as much as there is room for in to. b is
// what take has just returned of it.
func (f *frames) copy(to, b []byte) {
	if n := f.length() - int(f.left) - len(b); n < len(to) {
		copy(to[n:], b)
	}
}

func (f *frames) kind() byte         { return f.head[3] }
func (f *frames) has(flag byte) bool { return f.head[4]&flag != 0 }
func (f *frames) stream() uint32     { return binary.BigEndian.Uint32(f.head[5:]) &^ (1 << 31) }

// length is that of the whole payload.
func (f *frames) length() int {
	return int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
}

// maxStream is a last stream id that refuses no stream: the client learns
// that it should leave, and what it has on the wire is still served.
const maxStream = 1<<31 - 1

// pingData marks our PING number n, whose answer shows that the client has
// read what came before it.
func pingData(n uint32) (data [8]byte) {
	first := binary.BigEndian.Uint64([]byte("lameduck"))
	binary.BigEndian.PutUint64(data[:], first+uint64(n-1))
	return data
}
