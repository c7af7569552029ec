package document

import (
	"bytes"
	"errors"
	"io"
)

// Part is the text of one document of a file, or of an item of a List.
type Part struct {
	Line  int // of its first line in the file
	Shift int // how many columns its first line begins after the one of the file
	Text  []byte
}

// place is the place in the file of a place in the text.
func (p Part) place(line, column int) (int, int) {
	if line == 1 {
		column += p.Shift
	}
	return line + p.Line - 1, column
}

// Split cuts data at the lines that begin a document. YAML allows no such line
// within a document, not even in a block of text.
func Split(data []byte) (parts []Part) {
	s := Splitter{data: data, line: 1, end: io.EOF}
	for {
		part, err := s.Next()
		if err != nil {
			return parts
		}
		parts = append(parts, part)
	}
}

// Splitter cuts what it reads as Split does, and holds no more than one document of it.
type Splitter struct {
	r      io.Reader
	most   int    // how many bytes a document may have
	data   []byte // what was read
	from   int    // where the next document begins in data
	line   int    // and its number in all that was read
	at     int    // up to here no line after the first begins a document
	breaks int    // of lines, between from and at
	end    error  // why there is nothing more to read
}

// ErrTooLarge is the error of a document that is larger than it may be.
var ErrTooLarge = errors.New("too large")

// Reset begins with another text, in the same memory. A document of it may have that many
// bytes.
func (s *Splitter) Reset(r io.Reader, most int) {
	*s = Splitter{r: r, most: most, data: s.data[:0], line: 1}
}

// Next is the next document; its text is valid until the next call. At the end the error is
// io.EOF. After ErrTooLarge the part has the line of that document, and no text.
func (s *Splitter) Next() (Part, error) {
	for !s.find() {
		if s.end != nil && s.end != io.EOF {
			return Part{}, s.end
		}
		if s.end == io.EOF {
			break
		}
		if s.at-s.from > s.most {
			return Part{Line: s.line}, ErrTooLarge
		}
		s.read()
	}
	if s.from == len(s.data) {
		return Part{}, io.EOF
	}
	part := Part{Line: s.line, Text: s.data[s.from:s.at]}
	s.from, s.line, s.breaks = s.at, s.line+s.breaks, 0
	return part, nil
}

// ahead is how many bytes after a place show what is there: two line breaks and "---" in
// between.
const ahead = 9

// find moves at to the next line that begins a document, or to the end of what was read. It
// is false if there is no such line in it.
func (s *Splitter) find() bool {
	known := len(s.data)
	if s.end == nil {
		known -= ahead
	}
	for s.at < known {
		n := 0
		if b := s.data[s.at]; b == '\n' || b == '\r' || b == 0xC2 || b == 0xE2 { // the first bytes of marks
			n = LineBreak(s.data[s.at:])
		}
		s.at += max(n, 1)
		if n == 0 {
			continue
		}
		s.breaks++
		if beginsDocument(s.data[s.at:]) {
			return true
		}
	}
	return false
}

// chunk is how many bytes are read at once.
const chunk = 64 << 10

// read reads some more.
func (s *Splitter) read() {
	if s.from > 0 {
		n := copy(s.data, s.data[s.from:])
		s.data, s.at, s.from = s.data[:n], s.at-s.from, 0
	}
	if cap(s.data)-len(s.data) < chunk {
		s.data = append(make([]byte, 0, 2*cap(s.data)+chunk), s.data...)
	}
	n, err := s.r.Read(s.data[len(s.data) : len(s.data)+chunk])
	s.data, s.end = s.data[:len(s.data)+n], err
}

func beginsDocument(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	return found && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || LineBreak(rest) > 0)
}
