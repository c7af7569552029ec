package script

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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
		return wordOf(w).expanded(value)
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

func wordsOf(words []*syntax.Word) (all []word) {
	for _, w := range words {
		all = append(all, wordOf(w))
	}
	return all
}

func wordOf(w *syntax.Word) word { return word(nil).parts(w.Parts, false) }

// parts adds parts of a word to w, text to the text before it.
func (w word) parts(parts []syntax.WordPart, quoted bool) word {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			w = w.text(unescape(p.Value, quoted))
		case *syntax.SglQuoted:
			w = w.text(p.Value)
		case *syntax.DblQuoted:
			w = w.text("").parts(p.Parts, true)
		case *syntax.ParamExp:
			w = append(w, variable(p))
		case *syntax.CmdSubst:
			w = append(w, wordPart{text: written(p.Stmts), unknown: true, prints: onlyCommand(p.Stmts)})
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
func variable(p *syntax.ParamExp) wordPart {
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

// onlyCommand has the words of the one simple command of a list; nil if the list is anything else.
func onlyCommand(statements []*syntax.Stmt) []word {
	if len(statements) != 1 || len(statements[0].Redirs) > 0 {
		return nil
	}
	if call, ok := statements[0].Cmd.(*syntax.CallExpr); ok && len(call.Assigns) == 0 {
		return wordsOf(call.Args)
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
