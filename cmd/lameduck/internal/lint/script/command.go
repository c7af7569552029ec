package script

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// This file reads what decides how long a script takes: the commands, their order and
// conditions, and their words with variables.

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

// word is parts of text and variables, one after the other.
type word []wordPart

type wordPart struct {
	text      string
	variable  string            // instead of text
	otherwise string            // of ${NAME:-otherwise}
	unknown   bool              // what a command prints; text is as it is written
	sum       syntax.ArithmExpr // instead of text
	prints    []word            // the one command whose output it is; unknown is set as well
}

// expanded is the word with the values of variables.
func (w word) expanded(value func(name string) (string, bool)) (text string, known bool) {
	known = true
	for _, p := range w {
		switch {
		case p.sum != nil:
			n, ok := computed(p.sum, value)
			text += n
			known = known && ok
		case len(p.prints) > 0:
			n, ok := printed(p.prints, value)
			text += n
			known = known && ok
		case p.variable == "":
			text += p.text
			known = known && !p.unknown
		default:
			v, set := value(p.variable)
			if v == "" && p.otherwise != "" {
				v, set = p.otherwise, true
			}
			text += v
			known = known && set
		}
	}
	return text, known
}

// computed is $((...)).
func computed(sum syntax.ArithmExpr, value func(name string) (string, bool)) (text string, known bool) {
	n, known := arithmetic{word: expander(value), value: value}.of(sum)
	return strconv.Itoa(n), known
}

// expander expands the words of a sum.
func expander(value func(name string) (string, bool)) func(*syntax.Word) (string, bool) {
	return func(w *syntax.Word) (string, bool) {
		return (&shellReader{}).parts(nil, w.Parts, false).expanded(value)
	}
}

// literal is the text of a word without variables and quotes: what can be an operator
// or a keyword.
func (w word) literal() string {
	if len(w) == 1 && w[0].isText() {
		return w[0].text
	}
	return ""
}

func (p wordPart) isText() bool { return p.variable == "" && !p.unknown && p.sum == nil }

// printed is what expr prints of a sum, as of $(expr $i + 1); any other output is not known.
func printed(words []word, value func(name string) (string, bool)) (text string, known bool) {
	var texts []string
	for _, w := range words {
		t, ok := w.expanded(value)
		if !ok {
			return "", false
		}
		texts = append(texts, t)
	}
	if len(texts) != 4 || texts[0] != "expr" {
		return "", false
	}
	a, err := strconv.Atoi(texts[1])
	b, err2 := strconv.Atoi(texts[3])
	switch texts[2] {
	case "+":
		return strconv.Itoa(a + b), err == nil && err2 == nil
	case "-":
		return strconv.Itoa(a - b), err == nil && err2 == nil
	case "*":
		return strconv.Itoa(a * b), err == nil && err2 == nil
	}
	return "", false
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
		return command{words: append(r.assignments(cmd.Assigns), r.words(cmd.Args)...)}
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
	words := r.words([]*syntax.Word{left, right})
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
		c.words = append(append(c.words, word{{text: "in"}}), r.words(over.Items)...)
	}
	return c
}

func (r *shellReader) words(words []*syntax.Word) (all []word) {
	for _, w := range words {
		all = append(all, r.parts(nil, w.Parts, false))
	}
	return all
}

func (r *shellReader) assignments(assigns []*syntax.Assign) (all []word) {
	for _, a := range assigns {
		switch {
		case a.Array != nil || a.Index != nil:
			r.failed = true
		case a.Naked && a.Value != nil: // an option of export
			all = append(all, r.parts(nil, a.Value.Parts, false))
		case a.Naked:
			all = append(all, word{{text: a.Name.Value}})
		case a.Value == nil:
			all = append(all, word{{text: a.Name.Value + "="}})
		default:
			all = append(all, r.parts(word{{text: a.Name.Value + "="}}, a.Value.Parts, false))
		}
	}
	return all
}

// parts adds the parts of a word to w, text to the text before it.
func (r *shellReader) parts(w word, parts []syntax.WordPart, quoted bool) word {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			w = w.text(unescape(p.Value, quoted))
		case *syntax.SglQuoted:
			w = w.text(p.Value)
		case *syntax.DblQuoted:
			w = r.parts(w.text(""), p.Parts, true)
		case *syntax.ParamExp:
			w = append(w, r.variable(p))
		case *syntax.CmdSubst:
			w = append(w, wordPart{text: written(p.Stmts), unknown: true, prints: r.only(p.Stmts)})
		case *syntax.ArithmExp:
			w = append(w, wordPart{sum: p.X})
		default: // patterns of files
			w = append(w, wordPart{unknown: true})
		}
	}
	return w
}

// text adds text to the last part, if that is text.
func (w word) text(text string) word {
	if last := len(w) - 1; last >= 0 && w[last].isText() {
		w[last].text += text
		return w
	}
	return append(w, wordPart{text: text})
}

// variable is $NAME, ${NAME} or ${NAME:-otherwise}; any other expansion is not known.
func (r *shellReader) variable(p *syntax.ParamExp) wordPart {
	name := p.Param.Value
	plain := !p.Excl && !p.Length && !p.Width && p.Index == nil && p.Slice == nil && p.Repl == nil && p.Names == 0
	if !plain || !IsName(name) || name[0] <= '9' {
		return wordPart{unknown: true}
	}
	part := wordPart{variable: name}
	switch {
	case p.Exp == nil:
	case p.Exp.Op == syntax.DefaultUnset || p.Exp.Op == syntax.DefaultUnsetOrNull:
		if p.Exp.Word != nil {
			part.otherwise = wordText(p.Exp.Word)
		}
	default:
		return wordPart{unknown: true}
	}
	return part
}

// only are the words of the one simple command of a list; nil if the list is anything else.
func (r *shellReader) only(statements []*syntax.Stmt) []word {
	if len(statements) != 1 || len(statements[0].Redirs) > 0 {
		return nil
	}
	if call, ok := statements[0].Cmd.(*syntax.CallExpr); ok && len(call.Assigns) == 0 {
		return r.words(call.Args)
	}
	return nil
}

// written are statements as they are written, near enough.
func written(statements []*syntax.Stmt) string {
	var b strings.Builder
	for _, s := range statements {
		_ = syntax.NewPrinter().Print(&b, s) // a strings.Builder has no errors
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}
