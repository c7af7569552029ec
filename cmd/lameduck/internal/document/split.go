package document

import "bytes"

// Part is the text of one document of a file.
type Part struct {
	Line int // of its first line in the file
	Text []byte
}

// Split cuts data at the lines that begin a document. YAML allows no such line
// within a document, not even in a block of text.
func Split(data []byte) (parts []Part) {
	line, start, from, at := 1, 1, 0, 0
	for text := range Lines(data) {
		if at > from && beginsDocument(text) {
			parts = append(parts, Part{start, data[from:at]})
			from, start = at, line
		}
		at += len(text)
		line++
	}
	if from < len(data) {
		parts = append(parts, Part{start, data[from:]})
	}
	return parts
}

func beginsDocument(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	return found && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || LineBreak(rest) > 0)
}
