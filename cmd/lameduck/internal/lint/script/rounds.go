package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// forget makes the variables unknown that the body of a loop sets, since the loop may have
// ended in any of its rounds.
func (s *shell) forget(body []command) {
	for _, c := range body {
		s.forget(c.body)
		s.forget(c.otherwise)
		for _, w := range c.words {
			if text, _ := w.expanded(s.lookUp); isAssignment(text) {
				name, _, _ := strings.Cut(text, "=")
				s.set[name] = unknownWord
			}
		}
	}
}

// goesOn reports whether a loop has another round, by its conditions that compare known
// values; without any that is not known. The other conditions are taken to let the loop go
// on.
func (s *shell) goesOn(c command) (again, known bool) {
	until, chain := c.kind == "until", "&&"
	if until {
		chain = "||"
	}
	again = true
	for i, test := range c.test {
		if i > 0 && test.after != chain {
			return false, false
		}
		if holds, ok := s.holds(test); ok {
			known = true
			again = again && holds != until
		}
	}
	return again, known
}

// holds reports whether a comparison of known values is true.
func (s *shell) holds(c command) (holds, known bool) {
	if c.kind == "((" {
		n, known := s.computes(c)
		return n != 0, known
	}
	words := s.texts(c.words)
	if n := len(words); n > 0 && (words[0] == "[" && words[n-1] == "]" || words[0] == "[[" && words[n-1] == "]]") {
		words = words[:n-1]
	} else if n == 0 || words[0] != "test" {
		return false, false
	}
	if len(words) != 4 || slices.Contains(words, unknownWord) {
		return false, false
	}
	switch left, right := words[1], words[3]; words[2] {
	case "=", "==":
		return left == right, true
	case "!=":
		return left != right, true
	default:
		a, err := strconv.Atoi(left)
		b, err2 := strconv.Atoi(right)
		compares := comparisons[words[2]]
		if err != nil || err2 != nil || compares == nil {
			return false, false
		}
		return compares(a, b), true
	}
}

// comparisons are the operators of test for numbers.
var comparisons = map[string]func(a, b int) bool{
	"-lt": func(a, b int) bool { return a < b },
	"-le": func(a, b int) bool { return a <= b },
	"-gt": func(a, b int) bool { return a > b },
	"-ge": func(a, b int) bool { return a >= b },
	"-eq": func(a, b int) bool { return a == b },
	"-ne": func(a, b int) bool { return a != b },
}

// count is how many words follow "NAME in", or how many numbers seq prints there.
func (s *shell) count(words []word) (n int, known bool) {
	if len(words) < 2 || words[1].literal() != "in" {
		return 0, false
	}
	words = words[2:]
	if len(words) == 1 && len(words[0]) == 1 && len(words[0][0].prints) > 0 {
		return seq(s.texts(words[0][0].prints))
	}
	if len(words) == 1 && s.bash {
		if first, last, ok := strings.Cut(strings.Trim(words[0].literal(), "{}"), ".."); ok && words[0].literal() == "{"+first+".."+last+"}" {
			return seq([]string{"seq", first, last})
		}
	}
	for _, w := range words {
		text, known := w.expanded(s.lookUp)
		if !known || strings.ContainsAny(text, "*?[{") {
			return 0, false
		}
	}
	return len(words), true
}

// seq is how many numbers seq LAST, seq FIRST LAST or seq FIRST STEP LAST prints.
func seq(words []string) (n int, known bool) {
	var numbers []int
	for _, w := range words[1:] {
		number, err := strconv.Atoi(w)
		if err != nil {
			return 0, false
		}
		numbers = append(numbers, number)
	}
	first, step := 1, 1
	switch len(numbers) {
	case 1:
	case 2:
		first = numbers[0]
	case 3:
		first, step = numbers[0], numbers[1]
	default:
		return 0, false
	}
	if words[0] != "seq" || step == 0 {
		return 0, false
	}
	return max(0, (numbers[len(numbers)-1]-first)/step+1), true
}

// leaves reports whether a command may leave the loop around it.
func leaves(list []command) bool {
	return slices.ContainsFunc(list, func(c command) bool {
		first := ""
		if len(c.words) > 0 {
			first = c.words[0].literal()
		}
		return slices.Contains([]string{"break", "exit", "return", "exec", "kill"}, first) || leaves(c.test) || leaves(c.body) || leaves(c.otherwise)
	})
}

// computes is ((...)) or let, which may set variables: the value of its last expression.
func (s *shell) computes(c command) (n int, known bool) {
	known = true
	for _, sum := range c.sums {
		var ok bool
		n, ok = arithmetic{expander(s.lookUp), s.lookUp, s.set}.of(sum)
		known = known && ok
	}
	if !known {
		for name := range assigned(c.sums) {
			s.set[name] = unknownWord
		}
	}
	return n, known
}

// assigned are the names of all variables in the expressions.
func assigned(sums []syntax.ArithmExpr) map[string]bool {
	names := map[string]bool{}
	for _, sum := range sums {
		syntax.Walk(sum, func(n syntax.Node) bool {
			if w, ok := n.(*syntax.Word); ok && IsName(w.Lit()) {
				names[w.Lit()] = true
			}
			return true
		})
	}
	return names
}
