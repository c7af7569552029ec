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
