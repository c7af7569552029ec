package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Handler is the trap for the stop signal; nil if there is none.
func (r *Reader) Handler(file *syntax.File) (found *syntax.CallExpr) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 2 && wordText(call.Args[0]) == "trap" {
			words := Args(call)
			if words[1] == "--" {
				words = words[1:]
			}
			if words[1] != "-" && words[1] != "" && slices.ContainsFunc(words[2:], stopsOn) {
				found = call
			}
		}
		return true
	})
	return found
}

// stopsOn reports whether a trap of that signal may run at the stop signal: it is one that
// images use for that, or EXIT.
func stopsOn(signal string) bool {
	return slices.Contains([]string{"TERM", "15", "QUIT", "3", "WINCH", "28", "USR1", "10", "EXIT", "0"}, strings.TrimPrefix(signal, "SIG"))
}

// Does reports whether a trap passes a signal on, or starts what may do so, and whether it
// waits.
func (r *Reader) Does(trap string) (passes, waits bool) {
	var body syntax.Node
	if f := Parse(trap); f != nil {
		body = f
	}
	if stmt := r.functions[strings.TrimSpace(trap)]; stmt != nil {
		body = stmt
	}
	if body == nil {
		return true, true // it cannot be read
	}
	for _, call := range calls(body) {
		words := Args(call)
		switch {
		case len(words) == 0:
		case OnlyWaits(words):
			waits = true
		case words[0] == "kill" || !slices.Contains(passing, words[0]):
			passes = true
			waits = waits || words[0] != "kill" && words[0] != "pkill" && words[0] != "killall"
		}
	}
	return passes, waits
}

// WaitCalls counts the calls of wait: a second one goes on waiting when a trap has ended the
// first.
func (r *Reader) WaitCalls(file *syntax.File) (n int) {
	for _, call := range calls(file) {
		if NameOf(call) == "wait" {
			n++
		}
	}
	return n
}

// NameOf is the program that a command starts; "" for none.
func NameOf(call *syntax.CallExpr) string {
	if call == nil || len(call.Args) == 0 {
		return ""
	}
	return wordText(call.Args[0])
}
