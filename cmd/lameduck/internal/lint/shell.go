package lint

import (
	"slices"
	"strings"
)

// A script of sh as far as it has to be read to know how long it takes: commands, what
// runs them in what order, and their words with quotes and variables.

// command is one command of a script.
type command struct {
	after      string    // the operator between it and the one before it: ;, &&, ||, | or "" for the first
	background bool      // it ends with &
	words      []word    // of a simple command
	kind       string    // "" for a simple command, else (, {, if, while, until, for, or ? for what is not read
	test       []command // of if, while and until
	body       []command // of a loop, an if, ( and {
	otherwise  []command // of an if
}

// word is parts of text and variables, one after the other.
type word []wordPart

type wordPart struct {
	text      string
	variable  string // instead of text
	otherwise string // of ${NAME:-otherwise}
	unknown   bool   // what a command prints, or arithmetic; text is as it is written
}

// expanded is the word with the values of variables.
func (w word) expanded(value func(name string) (string, bool)) (text string, known bool) {
	known = true
	for _, p := range w {
		switch {
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

// literal is the text of a word without variables and quotes: what can be an operator
// or a keyword.
func (w word) literal() string {
	if len(w) == 1 && w[0].variable == "" && !w[0].unknown {
		return w[0].text
	}
	return ""
}

// longestScript is the most that is read of one: what is longer is no hook.
const longestScript = 1 << 16

// parseShell reads a script; not ok for what is not read: here documents, functions,
// case, and mistakes.
func parseShell(script string) (_ []command, ok bool) {
	if len(script) > longestScript {
		return nil, false
	}
	tokens, ok := shellTokens(script)
	if !ok {
		return nil, false
	}
	p := &shellParser{tokens: tokens}
	list := p.list()
	return list, !p.failed && len(p.tokens) == 0
}

type shellParser struct {
	tokens []token
	failed bool
}

// next is the text of the next operator, or of the next word if it is literal.
func (p *shellParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	if t := p.tokens[0]; t.operator != "" {
		return t.operator
	} else {
		return t.word.literal()
	}
}

func (p *shellParser) skip() { p.tokens = p.tokens[1:] }

// expect takes the keyword or operator.
func (p *shellParser) expect(text string) {
	if p.next() != text {
		p.failed = true
		return
	}
	p.skip()
}

// ends are what ends a list of commands.
var ends = []string{")", "}", "then", "else", "elif", "fi", "do", "done", "esac", ";;"}

// list reads commands up to the word that ends them.
func (p *shellParser) list() (all []command) {
	after := ""
	for !p.failed && len(p.tokens) > 0 {
		switch next := p.next(); {
		case next == ";" || next == "\n":
			if after == "" || after == ";" || next == ";" {
				after = ";"
			}
			p.skip()
			continue
		case slices.Contains(ends, next):
			return all
		}
		c := p.command()
		c.after, after = after, ";"
		switch p.next() {
		case "&&", "||", "|":
			after = p.next()
			p.skip()
		case "&":
			c.background = true
			p.skip()
		}
		all = append(all, c)
	}
	return all
}

func (p *shellParser) command() (c command) {
	switch next := p.next(); next {
	case "(", "{":
		p.skip()
		c = command{kind: next, body: p.list()}
		p.expect(map[string]string{"(": ")", "{": "}"}[next])
	case "while", "until":
		p.skip()
		c = command{kind: next, test: p.list()}
		c.body = p.loop()
	case "for":
		p.skip()
		c = command{kind: next, words: p.words()} // NAME in a b c
		p.separators()
		c.body = p.loop()
	case "if":
		p.skip()
		c = p.branch()
		p.expect("fi")
	case "case", "function", "select":
		p.failed = true
	default:
		c.words = p.words()
		p.failed = p.failed || len(c.words) == 0 || p.next() == "(" // a function
	}
	return c
}

func (p *shellParser) branch() command {
	c := command{kind: "if", test: p.list()}
	p.expect("then")
	c.body = p.list()
	switch p.next() {
	case "else":
		p.skip()
		c.otherwise = p.list()
	case "elif":
		p.skip()
		c.otherwise = []command{p.branch()}
	}
	return c
}

func (p *shellParser) loop() []command {
	p.expect("do")
	body := p.list()
	p.expect("done")
	return body
}

func (p *shellParser) separators() {
	for p.next() == ";" || p.next() == "\n" {
		p.skip()
	}
}

func (p *shellParser) words() (all []word) {
	for len(p.tokens) > 0 && p.tokens[0].operator == "" {
		all = append(all, p.tokens[0].word)
		p.skip()
	}
	return all
}

// token is a word, or an operator.
type token struct {
	operator string
	word     word
}

// operators, the longer ones first.
var operators = []string{"&&", "||", ";;", ";", "|", "&", "(", ")", "\n"}

// shellTokens cuts a script into words and operators. Redirections and comments are
// left out.
func shellTokens(script string) (all []token, ok bool) {
	script = strings.ReplaceAll(strings.ReplaceAll(script, "\r\n", "\n"), "\\\n", "")
	for script != "" {
		switch c := script[0]; {
		case c == ' ' || c == '\t':
			script = script[1:]
		case c == '#':
			_, rest, _ := strings.Cut(script, "\n")
			script = "\n" + rest
		case strings.HasPrefix(script, "<<"):
			return nil, false
		case redirects(script):
			_, rest, ok := shellWord(afterRedirection(script))
			if !ok {
				return nil, false
			}
			script = rest
		default:
			if i := slices.IndexFunc(operators, func(o string) bool { return strings.HasPrefix(script, o) }); i >= 0 {
				all = append(all, token{operator: operators[i]})
				script = script[len(operators[i]):]
				continue
			}
			w, rest, ok := shellWord(script)
			if !ok {
				return nil, false
			}
			all = append(all, token{word: w})
			script = rest
		}
	}
	return all, true
}

// redirects reports whether a redirection begins here: 2>, &>, > or <.
func redirects(script string) bool {
	rest := strings.TrimLeft(script, "0123456789")
	rest = strings.TrimPrefix(rest, "&")
	return strings.HasPrefix(rest, ">") || strings.HasPrefix(rest, "<")
}

// afterRedirection is where the name of the file begins: after 2>>, &>, <& or >|.
func afterRedirection(script string) string {
	rest := strings.TrimLeft(script, "0123456789")
	rest = strings.TrimPrefix(rest, "&")
	rest = strings.TrimLeft(rest, "<>")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "&"), "|")
	return strings.TrimLeft(rest, " \t")
}

// shellWord reads one word, up to a space or an operator.
func shellWord(s string) (w word, rest string, ok bool) {
	var text strings.Builder
	quoted := false
	flush := func() {
		if text.Len() > 0 {
			w = append(w, wordPart{text: text.String()})
			text.Reset()
		}
	}
	for s != "" {
		switch c := s[0]; {
		case c == '"':
			quoted = !quoted
			s = s[1:]
		case c == '\'' && !quoted:
			inside, after, closed := strings.Cut(s[1:], "'")
			if !closed {
				return nil, "", false
			}
			text.WriteString(inside)
			s = after
			if inside == "" {
				w = append(w, wordPart{})
			}
		case c == '\\' && len(s) > 1:
			text.WriteByte(s[1])
			s = s[2:]
		case c == '$' || c == '`':
			part, after, ok := shellExpansion(s)
			if !ok {
				return nil, "", false
			}
			flush()
			w, s = append(w, part), after
		case !quoted && strings.IndexByte(" \t\n;&|()<>", c) >= 0:
			flush()
			return w, s, true
		default:
			text.WriteByte(c)
			s = s[1:]
		}
	}
	flush()
	return w, "", !quoted
}

// shellExpansion reads what begins with $ or `.
func shellExpansion(s string) (part wordPart, rest string, ok bool) {
	switch {
	case strings.HasPrefix(s, "`"):
		inside, after, closed := strings.Cut(s[1:], "`")
		return wordPart{text: inside, unknown: true}, after, closed
	case strings.HasPrefix(s, "$("):
		depth := 0
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				return wordPart{text: s[2:i], unknown: true}, s[i+1:], true
			}
		}
		return part, "", false
	case strings.HasPrefix(s, "${"):
		inside, after, closed := strings.Cut(s[2:], "}")
		name, otherwise, _ := strings.Cut(inside, "-")
		name = strings.TrimSuffix(name, ":")
		if !isName(name) {
			return wordPart{text: inside, unknown: true}, after, closed
		}
		return wordPart{variable: name, otherwise: strings.Trim(otherwise, `"'`)}, after, closed
	}
	end := 1
	for end < len(s) && isNameByte(s[end]) {
		end++
	}
	if end == 1 { // $?, $! and $$; or a $ before something else
		if len(s) > 1 && strings.IndexByte("?!$#@*-", s[1]) >= 0 {
			return wordPart{text: s[:2], unknown: true}, s[2:], true
		}
		return wordPart{text: "$"}, s[1:], true
	}
	return wordPart{variable: s[1:end]}, s[end:], true
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r > 127 || !isNameByte(byte(r)) })
}
