package object

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// line is that line of the file of this name; "" if it cannot be read any more.
func (d *onDisk) line(name string, number int) string {
	if _, long := slices.BinarySearch(d.long, number); long {
		return ""
	}
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
	if _, err := io.Copy(io.Discard, now.reading(bytes.NewReader(text))); err != nil {
		return nil, err
	}
	if now.sum != d.sum || now.size != d.size {
		return nil, errChanged
	}
	return text, nil
}
