package wire

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/internal/hpack"
)

// A header block is held in memory until it is whole, and that only for a path.
const (
	// maxBlock bounds it: a longer one, which grpc-go accepts up to 16 MB, makes
	// the paths of its connection unknown from there on.
	maxBlock = 64 << 10
	// keptBlock bounds what a connection keeps from one block to the next.
	keptBlock = 4 << 10
)

// standardTable is the size of the dynamic table where no setting allows more.
const standardTable = 4096

// heads reads the header blocks of one connection, from frames in pieces.
type heads struct {
	reader hpack.Reader
	block  []byte // what has come of it, without padding
	failed bool

	setting [6]byte // the one that is being sent
	have    int     // so many bytes of it have been
	table   atomic.Uint32
}

// settingTable is SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2).
const settingTable = 1

// settings follows the settings that the server sends: they may allow the
// client a larger table. A smaller one binds it only later, so it is left out.
func (h *heads) settings(b []byte) {
	for len(b) > 0 {
		n := copy(h.setting[h.have:], b)
		b = b[n:]
		if h.have += n; h.have < len(h.setting) {
			return
		}
		h.have = 0
		if binary.BigEndian.Uint16(h.setting[:]) == settingTable {
			h.table.Store(max(h.table.Load(), binary.BigEndian.Uint32(h.setting[2:])))
		}
	}
}

func (h *heads) add(payload []byte) {
	if h.failed = h.failed || len(h.block)+len(payload) > maxBlock; h.failed {
		h.block = nil
		return
	}
	h.block = append(h.block, payload...)
}

// end is called at the end of a HEADERS or CONTINUATION frame. At the end of
// the block it returns what is in it.
func (h *heads) end(f *frames) (head hpack.Head) {
	if h.failed {
		return head
	}
	if f.kind() == frameHeaders {
		h.strip(f)
	}
	if f.inBlock {
		return head
	}
	if size := h.table.Load(); size > 0 {
		h.reader.Allow(max(size, standardTable))
	}
	head, err := h.reader.Block(h.block)
	h.failed = err != nil
	if h.block = h.block[:0]; h.failed || cap(h.block) > keptBlock {
		h.block = nil
	}
	return head
}

// strip takes padding and priority off the HEADERS frame that has ended, the
// first of its block (RFC 9113, section 6.2). A frame that is shorter than they
// are is an error of the client, for which the server ends the connection too.
func (h *heads) strip(f *frames) {
	begin, end := 0, len(h.block)
	if f.has(flagPadded) && end > 0 {
		begin, end = 1, end-int(h.block[0])
	}
	if f.has(flagPriority) {
		begin += 5
	}
	if begin > end {
		begin, end = 0, 0
	}
	h.block = append(h.block[:0], h.block[begin:end]...)
}
