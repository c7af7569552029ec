package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// This file reads what decides how long a script takes: the commands, their order and
// conditions.

// command is one command of a script.
type command struct {
	after      string              // the operator between it and the one before it: ;, &&, ||, | or "" for the first
	background bool                // it ends with &
	words      []word              // of a simple command
	kind       string              // "" for a simple command, else (, ((, if, while, until or for
	sums       []syntax.ArithmExpr // of ((
	test       []command           // of if, while and until
	body       []command           // of a loop, an if, ( and {
	otherwise  []command           // of an if
}

// parseShell reads a script; not ok for functions, case and syntax errors, which are not
// read.
func parseShell(script string) (_ []command, ok bool) {
	file := Parse(strings.ReplaceAll(script, "\r\n", "\n"))
	if file == nil {
		return nil, false
	}
	r := &shellReader{}
	list := r.list(file.Stmts)
	return list, !r.failed
}

// shellReader makes commands of the tree of a script.
type shellReader struct{ failed bool }

func (r *shellReader) list(statements []*syntax.Stmt) (all []command) {
	after := ""
	for _, s := range statements {
		all = append(all, r.statement(s, after)...)
		after = ";"
	}
	return all
}

// statement is one command, or those of a chain: a && b || c | d.
func (r *shellReader) statement(s *syntax.Stmt, after string) []command {
	if chain, ok := s.Cmd.(*syntax.BinaryCmd); ok && !s.Background && !s.Negated {
		operator := strings.TrimSuffix(chain.Op.String(), "&") // |& is a pipe too
		if chain.Op == syntax.AndStmt {
			operator = "&&"
		}
		return append(r.statement(chain.X, after), r.statement(chain.Y, operator)...)
	}
	c := r.command(s.Cmd)
	if s.Negated { // the command takes as long, and ends with another status
		c = command{kind: "(", body: []command{c}}
	}
	c.after, c.background = after, s.Background
	return []command{c}
}

func (r *shellReader) command(cmd syntax.Command) command {
	switch cmd := cmd.(type) {
	case nil: // a redirection alone
		return command{kind: "("}
	case *syntax.CallExpr:
		return command{words: append(r.assignments(cmd.Assigns), wordsOf(cmd.Args)...)}
	case *syntax.DeclClause: // export A=1
		return command{words: append([]word{{{text: cmd.Variant.Value}}}, r.assignments(cmd.Args)...)}
	case *syntax.TestClause:
		return r.test(cmd)
	case *syntax.ArithmCmd:
		return command{kind: "((", sums: []syntax.ArithmExpr{cmd.X}}
	case *syntax.LetClause:
		return command{kind: "((", sums: cmd.Exprs}
	case *syntax.BinaryCmd:
		return command{kind: "(", body: r.statement(&syntax.Stmt{Cmd: cmd}, "")}
	case *syntax.Subshell:
		return command{kind: "(", body: r.list(cmd.Stmts)}
	case *syntax.Block:
		return command{kind: "(", body: r.list(cmd.Stmts)}
	case *syntax.TimeClause:
		if cmd.Stmt == nil { // time alone
			return command{kind: "("}
		}
		return command{kind: "(", body: r.list([]*syntax.Stmt{cmd.Stmt})}
	case *syntax.IfClause:
		return r.branch(cmd)
	case *syntax.WhileClause:
		kind := "while"
		if cmd.Until {
			kind = "until"
		}
		return command{kind: kind, test: r.list(cmd.Cond), body: r.list(cmd.Do)}
	case *syntax.ForClause:
		return r.times(cmd)
	}
	r.failed = true
	return command{}
}

func (r *shellReader) branch(b *syntax.IfClause) command {
	c := command{kind: "if", test: r.list(b.Cond), body: r.list(b.Then)}
	switch {
	case b.Else == nil:
	case len(b.Else.Cond) == 0: // else
		c.otherwise = r.list(b.Else.Then)
	default: // elif
		c.otherwise = []command{r.branch(b.Else)}
	}
	return c
}

// test is [[ ... ]], with its words if it is one comparison.
func (r *shellReader) test(t *syntax.TestClause) command {
	compares, ok := t.X.(*syntax.BinaryTest)
	if !ok {
		return command{words: []word{{{text: "[["}}}}
	}
	left, ok := compares.X.(*syntax.Word)
	right, ok2 := compares.Y.(*syntax.Word)
	if !ok || !ok2 {
		return command{words: []word{{{text: "[["}}}}
	}
	words := wordsOf([]*syntax.Word{left, right})
	return command{words: []word{{{text: "[["}}, words[0], {{text: compares.Op.String()}}, words[1], {{text: "]]"}}}}
}

// counting is for ((a; b; c)), which is a; while b; do ...; c; done.
func (r *shellReader) counting(l *syntax.CStyleLoop, body []*syntax.Stmt) command {
	if l.Init == nil || l.Cond == nil || l.Post == nil {
		r.failed = true
		return command{}
	}
	sum := func(x syntax.ArithmExpr) command {
		return command{after: ";", kind: "((", sums: []syntax.ArithmExpr{x}}
	}
	loop := command{after: ";", kind: "while", test: []command{sum(l.Cond)}, body: append(r.list(body), sum(l.Post))}
	return command{kind: "(", body: []command{sum(l.Init), loop}}
}

// times is a loop over words: its own words are NAME in a b c.
func (r *shellReader) times(f *syntax.ForClause) command {
	if l, ok := f.Loop.(*syntax.CStyleLoop); ok {
		return r.counting(l, f.Do)
	}
	over, ok := f.Loop.(*syntax.WordIter)
	if !ok || f.Select {
		r.failed = true
		return command{}
	}
	c := command{kind: "for", words: []word{{{text: over.Name.Value}}}, body: r.list(f.Do)}
	if over.InPos.IsValid() {
		c.words = append(append(c.words, word{{text: "in"}}), wordsOf(over.Items)...)
	}
	return c
}

func (r *shellReader) assignments(assigns []*syntax.Assign) (all []word) {
	for _, a := range assigns {
		switch {
		case a.Array != nil || a.Index != nil:
			r.failed = true
		case a.Naked && a.Value != nil: // an option of export
			all = append(all, wordOf(a.Value))
		case a.Naked:
			all = append(all, word{{text: a.Name.Value}})
		case a.Value == nil:
			all = append(all, word{{text: a.Name.Value + "="}})
		default:
			all = append(all, word{{text: a.Name.Value + "="}}.parts(a.Value.Parts, false))
		}
	}
	return all
}
