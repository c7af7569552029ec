package script

import (
	"strconv"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// variables are those of an expression: known becomes false if one of them is not. set
// is nil where none may change.
type variables struct {
	value func(name string) (string, bool)
	set   map[string]string
	known bool
}

func (v *variables) Get(name string) expand.Variable {
	if name == "IFS" { // which expand asks for by itself
		return expand.Variable{}
	}
	text, known := v.value(name)
	v.known = v.known && known
	return expand.Variable{Set: known, Kind: expand.String, Str: text}
}

func (v *variables) Set(name string, to expand.Variable) error {
	if v.set == nil {
		v.known = false
		return nil
	}
	v.set[name] = to.Str
	return nil
}

func (v *variables) Each(func(name string, vr expand.Variable) bool) {}

// computed is $((...)); not known if one of its variables is not.
func computed(sum syntax.ArithmExpr, value func(name string) (string, bool)) (text string, known bool) {
	v := &variables{value: value, known: true}
	n, err := expand.Arithm(&expand.Config{Env: v}, sum)
	return strconv.Itoa(n), v.known && err == nil
}

// computes is ((...)) or let, which may set variables: the value of its last expression.
func (s *shell) computes(c command) (n int, known bool) {
	v := &variables{s.lookUp, s.set, true}
	for _, sum := range c.sums {
		if assign, ok := sum.(*syntax.BinaryArithm); ok && assign.Op == syntax.Assgn {
			if name, ok := assign.X.(*syntax.Word); ok && IsName(name.Lit()) {
				s.set[name.Lit()] = "0" // expand asks for the value that it has before
			}
		}
		var err error
		if n, err = expand.Arithm(&expand.Config{Env: v}, sum); err != nil {
			v.known = false
		}
	}
	if !v.known {
		for name := range assigned(c.sums) {
			s.set[name] = unknownWord
		}
	}
	return n, v.known
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
