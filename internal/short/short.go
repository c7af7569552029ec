// Package short keeps texts short: a log record, the termination message and the name
// of a request have a bound, whatever they are about.
package short

import (
	"fmt"
	"strings"
	"time"
)

// maxName is how many bytes the name of a request has at most, or of what began a
// termination.
const maxName = 200

// Name returns at most maxName bytes of a text that comes from outside.
func Name(text string) string {
	if len(text) <= maxName {
		return text
	}
	return strings.ToValidUTF8(text[:maxName-3], "") + "..."
}

// Lines is text if it has no more than most bytes, else as many of its lines as have room,
// and a line "..." for the rest.
func Lines(text string, most int) string {
	const more = "\n..."
	if len(text) <= most {
		return text
	}
	text = strings.ToValidUTF8(text[:max(0, most-len(more))], "")
	if i := strings.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text + more
}

// List is as many of the lines as have most bytes together at most, and a last line that
// counts the rest.
func List(lines []string, most int) []string {
	for i, line := range lines {
		if most -= len(line) + 1; most < 0 {
			return append(lines[:i:i], fmt.Sprintf("... and %d more lines", len(lines)-i))
		}
	}
	return lines
}

// Round is d in milliseconds, for people.
func Round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
