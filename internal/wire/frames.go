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

// frames follows the frames of one direction, in whatever pieces their bytes come.
type frames struct {
	head    [headSize]byte // of the current frame
	have    uint8          // bytes of head that have come; 0 between two frames
	left    uint32         // bytes of the frame's payload that are still to come, once the head is whole
	inBlock bool           // a header block goes on in the next frame
}

// take takes bytes of b up to the end of a frame. payload is the part of them that
// belongs to the frame's payload, rest is what take has left; end reports that the frame
// is whole.
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

// between reports whether another frame may be inserted here: not within a frame, and
// not within a header block.
func (f *frames) between() bool { return f.have == 0 && !f.inBlock }

// beginning reports whether a part of a header block has come. While the type of the
// frame has not come it may be one.
func (f *frames) beginning() bool {
	if f.have == 0 || f.inBlock {
		return f.inBlock
	}
	return f.have <= 3 || f.kind() == frameHeaders || f.kind() == frameContinuation
}

// copy collects the first len(to) bytes of a frame's payload in to. b is the part of the
// payload that take has just returned.
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

// maxStream is the last stream id of a GOAWAY that refuses no stream: it asks the client
// to leave, and the requests that the client has on the wire are still served.
const maxStream = 1<<31 - 1

// pingData is the payload of our PING number n, from 1 on: different from those of other
// PINGs, because the answer to ours shows that the client has read all that was sent
// before.
func pingData(n uint32) (data [8]byte) {
	first := binary.BigEndian.Uint64([]byte("lameduck"))
	binary.BigEndian.PutUint64(data[:], first+uint64(n-1))
	return data
}
