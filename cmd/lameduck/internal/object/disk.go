package object

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// onDisk is what is known of a text that was read and not kept.
type onDisk struct {
	size  int64
	sum   uint64 // of all that was read
	marks []mark
}

// mark is where a line begins.
type mark struct {
	at   int64
	line int
}

// apart is how many bytes are at least between two marks: to find a line, not many more are
// read.
const apart = 4 << 10

// seed is that of the sums of one run of the program.
var seed = maphash.MakeSeed()

// pass notes a part of the text: each, from the first one on.
func (d *onDisk) pass(part document.Part) {
	last := int64(0)
	if len(d.marks) > 0 {
		last = d.marks[len(d.marks)-1].at
	}
	end := d.size + int64(len(part.Text))
	if end-last > apart {
		at, number := d.size, part.Line
		for line := range document.Lines(part.Text) {
			if at-last > apart {
				d.marks, last = append(d.marks, mark{at, number}), at
			}
			at += int64(len(line))
			number++
		}
	}
	d.size, d.sum = end, maphash.Comparable(seed, [2]uint64{d.sum, maphash.Bytes(seed, part.Text)})
}

// line is that line of the file of this name; "" if it cannot be read any more.
func (d *onDisk) line(name string, number int) string {
	from := mark{0, 1}
	if i, _ := slices.BinarySearchFunc(d.marks, number+1, func(m mark, line int) int { return m.line - line }); i > 0 {
		from = d.marks[i-1]
	}
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text := make([]byte, 0, 4096)
	for { // a line may be long, so that it is not complete in what was read so far
		n, err := f.ReadAt(text[len(text):cap(text)], from.at+int64(len(text)))
		text = text[:len(text)+n]
		found, count := "", from.line
		for line := range document.Lines(text) {
			if count == number {
				found = withoutEnd(line)
			}
			count++
		}
		if count > number+1 || err != nil {
			return found
		}
		text = slices.Grow(text, cap(text))
	}
}

func withoutEnd(line []byte) string {
	return string(bytes.TrimRight(line, "\r\n\u0085\u2028\u2029"))
}

var errChanged = errors.New("changed while it was checked")

// load reads the text again. It fails if that is another one now, or has more bytes.
func (d *onDisk) load(name string, most int64) ([]byte, error) {
	if d.size > most {
		return nil, document.ErrTooLarge
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	var now onDisk
	for _, part := range document.Split(text) {
		now.pass(part)
	}
	if now.sum != d.sum || now.size != d.size {
		return nil, errChanged
	}
	return text, nil
}
