package wire

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/lameduck-dev/lameduck/internal/hpack"
)

// A header block is held in memory until it is whole, although only its path is needed.
const (
	// maxBlock bounds a block, in bytes. grpc-go accepts up to 16 MB. After a longer one
	// the paths of its connection are unknown.
	maxBlock = 64 << 10
	// keptBlock bounds the memory, in bytes, that a connection keeps from one block to
	// the next.
	keptBlock = 4 << 10
)

// standardTable is the size of the dynamic table, in bytes, if no setting allows more.
const standardTable = 4096

// heads reads the header blocks of one connection, from frames in pieces.
type heads struct {
	reader hpack.Reader
	block  []byte // what has come of the current block; without padding once its HEADERS frame has ended
	failed bool   // paths are unknown from now on

	setting [6]byte       // the setting that is being sent
	have    int           // bytes of it that were sent
	table   atomic.Uint32 // the largest table that the server has allowed; 0: it has sent no such setting
}

// settingTable is SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2).
const settingTable = 1

// settings follows the settings that the server sends: they may allow the client a larger
// table. A smaller one is ignored: the client may use the larger one until it has read
// the setting.
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

// end is called at the end of a HEADERS or CONTINUATION frame. If that ends the block, it
// returns what is in the block.
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

// strip removes padding and priority from the HEADERS frame that has ended, the first of
// its block (RFC 9113, section 6.2). A frame that is shorter than those is an error of
// the client, and the server ends the connection because of it.
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
