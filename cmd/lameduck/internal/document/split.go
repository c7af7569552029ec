package document

import (
	"bytes"
	"strings"
)

// Part is the text of one document of a file.
type Part struct {
	Line int // of its first line in the file
	Text []byte
}

// Split cuts data at the lines that begin a document. YAML allows no such line
// within a document, not even in a block of text.
func Split(data []byte) (parts []Part) {
	line, start, from := 1, 1, 0
	for at := 0; at < len(data); line++ {
		next := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if at > from && beginsDocument(data[at:next]) {
			parts = append(parts, Part{start, data[from:at]})
			from, start = at, line
		}
		at = next
	}
	if from < len(data) {
		parts = append(parts, Part{start, data[from:]})
	}
	return parts
}

func beginsDocument(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	return found && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}
