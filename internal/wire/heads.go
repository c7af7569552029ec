package wire

import "github.com/lameduck-dev/lameduck/internal/hpack"

// maxBlock bounds a header block: one that is longer makes the paths of its
// connection unknown from there on. It is more than any server accepts.
const maxBlock = 16 << 20

// heads reads the header blocks of one connection, from frames in pieces.
type heads struct {
	reader hpack.Reader
	block  []byte // what has come of it, without padding
	frame  int    // where in block the payload of the frame at hand begins
	failed bool
}

func (h *heads) add(payload []byte) {
	if h.failed = h.failed || len(h.block)+len(payload) > maxBlock; !h.failed {
		h.block = append(h.block, payload...)
	}
}

// end is called at the end of a HEADERS or CONTINUATION frame. At the end of
// the block it returns what that says.
func (h *heads) end(f *frames) (head hpack.Head) {
	if h.failed {
		h.block = nil
		return head
	}
	if f.kind() == frameHeaders {
		h.strip(f)
	}
	if h.frame = len(h.block); f.inBlock {
		return head
	}
	head, err := h.reader.Block(h.block)
	h.failed = err != nil
	h.block, h.frame = h.block[:0], 0
	return head
}

// strip takes padding and priority off the frame that has ended (RFC 9113,
// section 6.2). A frame that is shorter than they are is an error of the
// client's, which the server will not survive either.
func (h *heads) strip(f *frames) {
	payload := h.block[h.frame:]
	begin, end := 0, len(payload)
	if f.has(flagPadded) && end > 0 {
		begin, end = 1, end-int(payload[0])
	}
	if f.has(flagPriority) {
		begin += 5
	}
	if begin > end {
		begin, end = 0, 0
	}
	n := copy(payload, payload[begin:end])
	h.block = h.block[:h.frame+n]
}
