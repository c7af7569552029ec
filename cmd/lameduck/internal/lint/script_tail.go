package lint

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// lastRun is what a script runs in the end: the server, if it starts one.
type lastRun struct {
	tail
	call       *syntax.CallExpr
	words      []string
	background bool             // with &, or as a daemon
	waits      *syntax.CallExpr // what the shell does meanwhile: wait, sleep infinity, tail -f
	piped      bool
	loop       bool
}

// scriptReader finds it.
type scriptReader struct {
	text      string
	functions map[string]*syntax.Stmt
	depth     int
}

func newScriptReader(text string, file *syntax.File) *scriptReader {
	r := &scriptReader{text: text, functions: map[string]*syntax.Stmt{}}
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

// last is what the statements run in the end; nil if it is not known.
func (r *scriptReader) last(stmts []*syntax.Stmt, t tail) *lastRun {
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
				t.never = true
			}
			continue
		}
		if call, ok := stmt.Cmd.(*syntax.CallExpr); ok && holds(argsOf(call)) {
			return r.behind(stmts[:i], stmt, call, t)
		}
		return r.one(stmts[:i], stmt, t)
	}
	return nil
}

// passes reports whether a statement is none that could be a server.
func (r *scriptReader) passes(stmt *syntax.Stmt) bool {
	switch cmd := stmt.Cmd.(type) {
	case nil, *syntax.FuncDecl, *syntax.DeclClause, *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause, *syntax.TestDecl:
		return true
	case *syntax.CallExpr:
		return len(cmd.Args) == 0 || slices.Contains(passing, wordText(cmd.Args[0])) ||
			wordText(cmd.Args[0]) == "exec" && len(cmd.Args) == 1
	}
	return false
}

// holds reports whether the command only keeps the shell waiting.
func holds(words []string) bool {
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

// behind is what runs in the background of a shell that waits.
func (r *scriptReader) behind(before []*syntax.Stmt, stmt *syntax.Stmt, waits *syntax.CallExpr, t tail) *lastRun {
	var found *lastRun
	for _, s := range before {
		for _, call := range calls(s) {
			words := argsOf(call)
			if len(words) > 0 && !slices.Contains(passing, words[0]) && !holds(words) && (s.Background || daemon(words)) && found == nil {
				found = &lastRun{tail: t, call: call, words: words, background: true, waits: waits}
				found.never = true
			}
		}
	}
	if found == nil && path.Base(wordText(waits.Args[0])) != "wait" {
		return r.simple(stmt, waits, t)
	}
	return found
}

// daemon reports whether the command starts a server that goes into the background
// by itself.
func daemon(words []string) bool {
	name := path.Base(words[0])
	return name == "service" && slices.Contains(words, "start") || strings.Contains(words[0], "/init.d/") ||
		(name == "nginx" || name == "apachectl" || name == "php-fpm") && !slices.ContainsFunc(words, func(w string) bool {
			return strings.Contains(w, "daemon off") || w == "-DFOREGROUND" || w == "-F" || w == "FOREGROUND" || w == "-t" || w == "-s"
		})
}

// one is what one statement runs in the end.
func (r *scriptReader) one(before []*syntax.Stmt, stmt *syntax.Stmt, t tail) *lastRun {
	t.redirected = t.redirected || len(stmt.Redirs) > 0
	t.never = t.never || stmt.Negated
	inner := func(stmts []*syntax.Stmt) *lastRun {
		t.compound = true
		return r.last(stmts, t)
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
		var all []*lastRun
		for c := cmd; c != nil; c = c.Else {
			all = append(all, inner(c.Then))
		}
		return best(all)
	case *syntax.CaseClause:
		var all []*lastRun
		for _, item := range cmd.Items {
			all = append(all, inner(item.Stmts))
		}
		return best(all)
	case *syntax.WhileClause:
		return r.looped(before, stmt, append(slices.Clone(cmd.Cond), cmd.Do...), t)
	case *syntax.ForClause:
		return r.looped(before, stmt, cmd.Do, t)
	case *syntax.TimeClause:
		t.never = true
		if cmd.Stmt != nil {
			return r.one(before, cmd.Stmt, t)
		}
	}
	return nil
}

// best of several branches is one that is behind exec, else the last one.
func best(all []*lastRun) (found *lastRun) {
	for _, l := range all {
		if l != nil && (found == nil || !found.exec) {
			found = l
		}
	}
	return found
}

func (r *scriptReader) simple(stmt *syntax.Stmt, call *syntax.CallExpr, t tail) *lastRun {
	words := argsOf(call)
	if body := r.functions[words[0]]; body != nil {
		t.compound, t.never = true, true // no shell replaces itself within a function
		return r.last([]*syntax.Stmt{body}, t)
	}
	if slices.Contains([]string{"eval", ".", "source"}, words[0]) {
		return nil
	}
	t.newline = strings.Contains(r.text[min(int(stmt.End().Offset()), len(r.text)):], "\n")
	l := &lastRun{tail: t, call: call, words: words}
	if words[0] == "exec" {
		l.exec, l.words = true, execWords(words)
	}
	return l
}

// execWords are the words behind exec and its options.
func execWords(words []string) []string { return words[behindOptions(words, 0, []string{"-a"}):] }

func (r *scriptReader) binary(before []*syntax.Stmt, cmd *syntax.BinaryCmd, t tail) *lastRun {
	if cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll {
		t.never, t.compound = true, true
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
		l := r.last([]*syntax.Stmt{first}, t)
		if l != nil {
			l.piped, l.exec, l.never = true, false, true // exec ends only the part of the pipe
		}
		return l
	}
	if l := r.last([]*syntax.Stmt{cmd.Y}, t); l != nil && !(l.waits == nil && holds(l.words)) {
		return l
	}
	t.never = true
	return r.last(append(slices.Clone(before), cmd.X), t)
}

// looped is a loop at the end of a script: around the server, or while another one
// runs in the background.
func (r *scriptReader) looped(before []*syntax.Stmt, stmt *syntax.Stmt, body []*syntax.Stmt, t tail) *lastRun {
	t.never = true
	var held *syntax.CallExpr
	var inside *lastRun
	for _, s := range body {
		for _, call := range calls(s) {
			words := argsOf(call)
			switch {
			case len(words) == 0 || slices.Contains(passing, words[0]):
			case holds(words):
				held = call
			case inside == nil:
				inside = &lastRun{tail: t, call: call, words: words, loop: true}
			}
		}
	}
	if held != nil {
		if l := r.behind(before, stmt, held, t); l != nil && l.background {
			l.loop = true
			return l
		}
		if inside == nil {
			return &lastRun{tail: t, call: held, words: argsOf(held), loop: true}
		}
		inside.waits = held
	}
	return inside
}
