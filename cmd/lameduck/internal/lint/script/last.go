package script

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// LastRun is what a script runs in the end: the server, if it starts one.
type LastRun struct {
	Tail
	call       *syntax.CallExpr
	Words      []string
	Background bool             // with &, or as a daemon
	Waits      *syntax.CallExpr // what the shell does meanwhile: wait, sleep infinity, tail -f
	Piped      bool
	Loop       bool
}

// Reader reads one script, with its functions.
type Reader struct {
	Text      string
	functions map[string]*syntax.Stmt
	depth     int
}

// NewReader is for the script text, whose tree is file.
func NewReader(text string, file *syntax.File) *Reader {
	r := &Reader{Text: text, functions: map[string]*syntax.Stmt{}}
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil {
			r.functions[f.Name.Value] = f.Body
		}
		return true
	})
	return r
}

// passing are commands that only prepare, report or end.
var passing = strings.Fields(": true false echo printf test [ exit return export unset set shopt cd pwd trap umask ulimit rm mkdir touch cp mv ln chmod chown kill date logger shift read local alias whoami id")

// Last is what the statements run in the end; nil if it is not known.
func (r *Reader) Last(stmts []*syntax.Stmt, t Tail) *LastRun {
	if r.depth++; r.depth > 50 {
		return nil
	}
	for i := len(stmts) - 1; i >= 0; i-- {
		stmt := stmts[i]
		if stmt.Background {
			return nil // the script ends, and with it the container
		}
		if r.passes(stmt) {
			if _, declared := stmt.Cmd.(*syntax.FuncDecl); !declared {
				t.Never = true
			}
			continue
		}
		if call, ok := stmt.Cmd.(*syntax.CallExpr); ok && OnlyWaits(Args(call)) {
			return r.background(stmts[:i], stmt, call, t)
		}
		return r.one(stmts[:i], stmt, t)
	}
	return nil
}

// passes reports whether a statement cannot be a server.
func (r *Reader) passes(stmt *syntax.Stmt) bool {
	switch cmd := stmt.Cmd.(type) {
	case nil, *syntax.FuncDecl, *syntax.DeclClause, *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause, *syntax.TestDecl:
		return true
	case *syntax.CallExpr:
		return len(cmd.Args) == 0 || slices.Contains(passing, wordText(cmd.Args[0])) ||
			wordText(cmd.Args[0]) == "exec" && len(cmd.Args) == 1
	}
	return false
}

// OnlyWaits reports whether the command only keeps the shell waiting.
func OnlyWaits(words []string) bool {
	if len(words) == 0 {
		return false
	}
	switch path.Base(words[0]) {
	case "wait", "sleep":
		return true
	case "tail":
		return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") && strings.ContainsAny(w, "fF") })
	case "cat":
		return len(words) == 1
	}
	return false
}

// background is what runs in the background of a shell that waits.
func (r *Reader) background(before []*syntax.Stmt, stmt *syntax.Stmt, waits *syntax.CallExpr, t Tail) *LastRun {
	var found *LastRun
	for _, s := range before {
		for _, call := range calls(s) {
			words := Args(call)
			if len(words) > 0 && !slices.Contains(passing, words[0]) && !OnlyWaits(words) && (s.Background || IsDaemon(words)) && found == nil {
				found = &LastRun{Tail: t, call: call, Words: words, Background: true, Waits: waits}
				found.Never = true
			}
		}
	}
	if found == nil && path.Base(wordText(waits.Args[0])) != "wait" {
		return r.simple(stmt, waits, t)
	}
	return found
}

// IsDaemon reports whether the command starts a server that goes into the background
// by itself.
func IsDaemon(words []string) bool {
	name := path.Base(words[0])
	return name == "service" && slices.Contains(words, "start") || strings.Contains(words[0], "/init.d/") ||
		(name == "nginx" || name == "apachectl" || name == "php-fpm") && !slices.ContainsFunc(words, func(w string) bool {
			return strings.Contains(w, "daemon off") || w == "-DFOREGROUND" || w == "-F" || w == "FOREGROUND" || w == "-t" || w == "-s"
		})
}

// one is what one statement runs in the end.
func (r *Reader) one(before []*syntax.Stmt, stmt *syntax.Stmt, t Tail) *LastRun {
	t.Redirected = t.Redirected || len(stmt.Redirs) > 0
	t.Never = t.Never || stmt.Negated
	inner := func(stmts []*syntax.Stmt) *LastRun {
		t.compound = true
		return r.Last(stmts, t)
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		return r.simple(stmt, cmd, t)
	case *syntax.BinaryCmd:
		return r.binary(before, cmd, t)
	case *syntax.Block:
		return inner(cmd.Stmts)
	case *syntax.Subshell:
		return inner(cmd.Stmts)
	case *syntax.IfClause:
		var all []*LastRun
		for c := cmd; c != nil; c = c.Else {
			all = append(all, inner(c.Then))
		}
		return best(all)
	case *syntax.CaseClause:
		var all []*LastRun
		for _, item := range cmd.Items {
			all = append(all, inner(item.Stmts))
		}
		return best(all)
	case *syntax.WhileClause:
		return r.looped(before, stmt, append(slices.Clone(cmd.Cond), cmd.Do...), t)
	case *syntax.ForClause:
		return r.looped(before, stmt, cmd.Do, t)
	case *syntax.TimeClause:
		t.Never = true
		if cmd.Stmt != nil {
			return r.one(before, cmd.Stmt, t)
		}
	}
	return nil
}

// best of several branches is one with exec, else the last one.
func best(all []*LastRun) (found *LastRun) {
	for _, l := range all {
		if l != nil && (found == nil || !found.Exec) {
			found = l
		}
	}
	return found
}

func (r *Reader) simple(stmt *syntax.Stmt, call *syntax.CallExpr, t Tail) *LastRun {
	words := Args(call)
	if len(words) == 0 {
		return nil // time A=1
	}
	if body := r.functions[words[0]]; body != nil {
		t.compound, t.Never = true, true // no shell replaces itself within a function
		return r.Last([]*syntax.Stmt{body}, t)
	}
	if slices.Contains([]string{"eval", ".", "source"}, words[0]) {
		return nil
	}
	t.Newline = strings.Contains(r.Text[min(int(stmt.End().Offset()), len(r.Text)):], "\n")
	l := &LastRun{Tail: t, call: call, Words: words}
	if words[0] == "exec" {
		l.Exec, l.Words = true, execWords(words)
	}
	return l
}

// execWords are the words after exec and its options.
func execWords(words []string) []string { return words[AfterOptions(words, 0, []string{"-a"}):] }

func (r *Reader) binary(before []*syntax.Stmt, cmd *syntax.BinaryCmd, t Tail) *LastRun {
	if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
		t.Never, t.compound = true, true
		first := cmd.X
		for {
			if more, ok := first.Cmd.(*syntax.BinaryCmd); ok && (more.Op == syntax.Pipe || more.Op == syntax.PipeAll) {
				first = more.X
				continue
			}
			break
		}
		if r.passes(first) {
			first = cmd.Y // yes | server
		}
		l := r.Last([]*syntax.Stmt{first}, t)
		if l != nil {
			l.Piped, l.Exec, l.Never = true, false, true // exec replaces only the shell of this part of the pipe
		}
		return l
	}
	waits := r.Last([]*syntax.Stmt{cmd.Y}, t)
	if waits != nil && (waits.Waits != nil || !OnlyWaits(waits.Words)) {
		return waits
	}
	t.Never = true
	if l := r.Last(append(slices.Clone(before), cmd.X), t); l != nil {
		return l
	}
	return waits
}

// looped is what a loop at the end of a script runs: the server in the loop, or one that
// runs in the background meanwhile.
func (r *Reader) looped(before []*syntax.Stmt, stmt *syntax.Stmt, body []*syntax.Stmt, t Tail) *LastRun {
	t.Never = true
	var held *syntax.CallExpr
	var inside *LastRun
	for _, s := range body {
		for _, call := range calls(s) {
			words := Args(call)
			switch {
			case len(words) == 0 || slices.Contains(passing, words[0]):
			case OnlyWaits(words):
				held = call
			case inside == nil:
				inside = &LastRun{Tail: t, call: call, Words: words, Loop: true}
			}
		}
	}
	if held != nil {
		if l := r.background(before, stmt, held, t); l != nil && l.Background {
			l.Loop = true
			return l
		}
		if inside == nil {
			return &LastRun{Tail: t, call: held, Words: Args(held), Loop: true}
		}
		inside.Waits = held
	}
	return inside
}

// WithExec is the script with exec before its last command; "" where that would change
// what it does.
func (l *LastRun) WithExec(text string, r *Reader) string {
	if l.Never || l.Background || l.Piped || l.Loop || l.Exec || len(l.call.Assigns) > 0 || r.functions[l.Words[0]] != nil || OnlyWaits(l.Words) {
		return ""
	}
	at := int(l.call.Args[0].Pos().Offset())
	if at > len(text) || !slices.Equal(execWords(append([]string{"exec"}, l.Words...)), l.Words) { // exec would take the first for an option
		return ""
	}
	return text[:at] + "exec " + text[at:]
}
