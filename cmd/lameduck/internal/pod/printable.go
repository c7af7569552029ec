package pod

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// colour is what sets colours and styles of a terminal (ECMA-48, SGR).
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// printable is a line of output as text that can be shown: without colours, and
// with an escape for each other byte that is no text or would control the terminal.
func printable(line []byte) string {
	if plain(line) {
		return string(line)
	}
	line = colour.ReplaceAll(line, nil)
	var b strings.Builder
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, line[0])
		case r == '\t' || unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		line = line[size:]
	}
	return b.String()
}

// plain reports whether a line is printable ASCII, as nearly every one is.
func plain(line []byte) bool {
	for _, c := range line {
		if (c < ' ' || c > '~') && c != '\t' {
			return false
		}
	}
	return true
}
