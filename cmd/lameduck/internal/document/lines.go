package document

import (
	"bytes"
	"iter"
)

// Lines are the lines of a text with their ends, as YAML counts them: it has more line
// breaks than one.
func Lines(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		from := 0
		for at := 0; at < len(data); {
			n := 0
			if b := data[at]; b == '\n' || b == '\r' || b == 0xC2 || b == 0xE2 { // the first bytes of marks
				n = LineBreak(data[at:])
			}
			at += max(n, 1)
			if n > 0 || at == len(data) {
				if !yield(data[from:at]) {
					return
				}
				from = at
			}
		}
	}
}

// LineBreak is the length of the line break that text begins with, 0 if it begins with none.
func LineBreak(text []byte) int {
	for _, mark := range []string{"\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return len(mark)
		}
	}
	return 0
}
