package document

import (
	"strconv"
	"strings"
)

// Describe describes a node in a few words.
func Describe(n *Node) string {
	switch n = Deref(n); {
	case n.Kind == MappingNode:
		return "fields"
	case n.Kind == SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.ShortTag() == "!!str":
		return strconv.Quote(Shorten(n.Value))
	default:
		return Display(n.Value)
	}
}

// Display is s for a message: unchanged if it is a plain word, else quoted.
func Display(s string) string {
	special := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("-._/", r)
	}
	if s != "" && len(s) <= maxWord && !strings.ContainsFunc(s, special) {
		return s
	}
	return strconv.Quote(Shorten(s))
}

const maxWord = 60 // characters of the file's own that a message repeats

// Shorten cuts what is too long for a message.
func Shorten(s string) string {
	if runes := []rune(s); len(runes) > maxWord {
		return string(runes[:maxWord-1]) + "…"
	}
	return s
}

// OneLine is s without line breaks and what else doesn't print.
func OneLine(s string) string { return strings.TrimSpace(Printable(s)) }

// Printable is s with a space for each character that doesn't print, so that it keeps
// its columns.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
