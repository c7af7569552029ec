package script

import (
	"slices"
	"strings"
	"testing"
)

// FuzzScript reads any text as a script. No text ends the program, and the answers fit
// together: a time is no less than nothing, each shell either replaces itself with the
// last command or stays, and with exec before it the last command has exec.
func FuzzScript(f *testing.F) {
	for _, script := range []string{
		"", "sleep 5 && sleep $A", "for i in 1 2; do sleep $i; done", "while ((i++ < 3)); do sleep 1; done; server", "if a; then exec b; else c; fi", "(a; b) | c &", "a; { b; c; } >f",
		"x=\"${y:-3}\"; sleep $x", "`a` $(b) $((1+2)) 2>&1 >f <g", "a\\\n b", "((", "'", "${", "trap 'kill $pid' TERM EXIT; server & pid=$!; wait $pid; wait", "time A=1", "time -p server",
		"! sleep 1", "coproc a", "case $1 in a) sleep 1;; *) exec server; esac", "f() { f; }; f", "f() { exec server \"$@\"; }; f x", "exec -a name server", "exec -a", "\"server --flag\"", "'a' && b",
		"sh -c 'sleep 3; server'", "nginx; tail -f /dev/null", "yes | server", "a || b && c", "\r\nserver\r\n", "#!/bin/sh\nset -e\nserver", "eval server", "A=1 server", "-'0'", "'A=1' server", "x=$'a'; . ./x; server &",
	} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value := func(name string) (string, bool) { return "3", name == "A" }
		mounted := func(path string) (string, bool) { return text, path == "/script" }
		for _, command := range [][]string{{"bash", "-c", text}, {"/script"}, strings.Fields(text)} {
			if took := TimeOf(command, value, mounted); took.AtLeast < 0 || took.AtLeast > took.Planned {
				t.Errorf("%q: at least %d s, planned %d", command, took.AtLeast, took.Planned)
			}
			if call, ok := StartsShell(command); ok && (call.Word < 0 || call.Word >= len(command)) {
				t.Errorf("%q: the script is word %d", command, call.Word)
			}
		}
		for _, word := range Words(text, value) {
			if strings.Contains(word, unknownWord) && !strings.Contains(text, unknownWord) {
				t.Errorf("%q: word %q", text, word)
			}
		}
		if line, _ := QuotedLine(text); line != "" && Parse(text) == nil {
			t.Errorf("%q: the line %q of no script", text, line)
		}
		lastCommand(t, text)
	})
}

func lastCommand(t *testing.T, text string) {
	t.Helper()
	file := Parse(text)
	if file == nil {
		return
	}
	r := NewReader(text, file)
	if trap := r.Handler(file); trap != nil {
		r.Does(Args(trap)[1])
	}
	r.WaitCalls(file)
	l := r.Last(file.Stmts, Tail{})
	if l == nil {
		return
	}
	for _, shell := range shells {
		if replaced, stays := l.Behave(shell, false, ""); len(replaced)+len(stays) != 1 {
			t.Errorf("%q: replaced %q, stays %q", text, replaced, stays)
		}
	}
	mended := l.WithExec(text, r)
	if mended == "" {
		return
	}
	file = Parse(mended)
	if file == nil {
		t.Fatalf("%q becomes %q, which is no script", text, mended)
	}
	if again := NewReader(mended, file).Last(file.Stmts, Tail{}); again == nil || !again.Exec || !slices.Equal(again.Words, l.Words) {
		t.Errorf("%q becomes %q, whose last command is %+v", text, mended, again)
	}
}
