package object

import (
	"hash/maphash"
	"io"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// onDisk is what is known of a text that was read and not kept.
type onDisk struct {
	size  int64
	sum   uint64 // of all that was read
	marks []mark
	long  []int // lines that are too long to be shown
}

// reading is r, which notes what is read from it.
func (d *onDisk) reading(r io.Reader) io.Reader {
	n := &noting{r: r, disk: d, last: mark{0, 1}, line: 1}
	n.hash.SetSeed(seed)
	return n
}

// mark is where a line begins.
type mark struct {
	at   int64
	line int
}

// apart is how many bytes are at least between two marks: to find a line, not many more are
// read.
const apart = 4 << 10

// longestLine is how many bytes a line may have to be shown: a whole cluster can be one line
// of JSON.
const longestLine = 1 << 20

// seed is that of the sums of one run of the program.
var seed = maphash.MakeSeed()

// noting is a text that is read and not kept: it notes where lines begin, so that they can be
// read again.
type noting struct {
	r    io.Reader
	disk *onDisk
	hash maphash.Hash
	last mark
	line int    // how many lines have begun
	from int64  // where the last of them begins
	open []byte // what was read and may be the start of a line break
}

// Read reads some more, and notes where lines begin; at the end, the sum of all.
func (n *noting) Read(p []byte) (int, error) {
	count, err := n.r.Read(p)
	n.hash.Write(p[:count])
	n.lines(p[:count])
	n.disk.size += int64(count)
	if err == io.EOF {
		n.disk.sum = n.hash.Sum64()
		n.begins(n.disk.size)
	}
	return count, err
}

// mostBreak is how many bytes a line break has at the most.
const mostBreak = 3

// lines notes where lines begin in what comes next.
func (n *noting) lines(more []byte) {
	text := append(n.open, more...)
	from, at := n.disk.size-int64(len(n.open)), 0
	for at+mostBreak <= len(text) {
		broken := 0
		if b := text[at]; b == '\n' || b == '\r' || b == 0xC2 || b == 0xE2 { // the first bytes of marks
			broken = document.LineBreak(text[at:])
		}
		at += max(broken, 1)
		if broken == 0 {
			continue
		}
		n.begins(from + int64(at))
		if n.from-n.last.at > apart {
			n.last = mark{n.from, n.line}
			n.disk.marks = append(n.disk.marks, n.last)
		}
	}
	n.open = append(text[:0], text[at:]...)
}

// begins notes where the next line begins.
func (n *noting) begins(at int64) {
	if at-n.from > longestLine {
		n.disk.long = append(n.disk.long, n.line)
	}
	n.line, n.from = n.line+1, at
}
