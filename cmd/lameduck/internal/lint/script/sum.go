package script

import (
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// arithmetic computes $((...)), ((...)) and let, in the integers of a shell. A result is
// known if all values are that it needs.
type arithmetic struct {
	word  func(*syntax.Word) (text string, known bool)
	value func(name string) (string, bool)
	set   map[string]string // of variables; nil where none may change
}

func (a arithmetic) of(e syntax.ArithmExpr) (n int, known bool) {
	switch e := e.(type) {
	case *syntax.Word:
		text, known := a.word(e)
		if !known {
			return 0, false
		}
		if n, ok := integer(text); ok || !IsName(text) {
			return n, ok
		}
		return a.variable(text)
	case *syntax.ParenArithm:
		return a.of(e.X)
	case *syntax.UnaryArithm:
		return a.unary(e)
	case *syntax.BinaryArithm:
		return a.binary(e)
	}
	return 0, false
}

func (a arithmetic) variable(name string) (n int, known bool) {
	text, known := a.value(name)
	if !known || text == "" { // an empty variable is 0
		return 0, known
	}
	return integer(text)
}

// integer is a constant, also of base 8 and 16.
func integer(text string) (n int, ok bool) {
	wide, err := strconv.ParseInt(text, 0, 0)
	return int(wide), err == nil
}

func (a arithmetic) unary(e *syntax.UnaryArithm) (n int, known bool) {
	if n, known = a.of(e.X); !known {
		return 0, false
	}
	switch e.Op {
	case syntax.Inc, syntax.Dec:
		next := n + 1
		if e.Op == syntax.Dec {
			next = n - 1
		}
		if known = a.assign(e.X, next); e.Post {
			return n, known
		}
		return next, known
	case syntax.Not:
		return truth(n == 0), true
	case syntax.BitNegation:
		return ^n, true
	case syntax.Minus:
		return -n, true
	}
	return n, e.Op == syntax.Plus
}

// assign reports whether the variable may be set.
func (a arithmetic) assign(to syntax.ArithmExpr, n int) bool {
	name, ok := to.(*syntax.Word)
	if !ok || a.set == nil || !IsName(name.Lit()) {
		return false
	}
	a.set[name.Lit()] = strconv.Itoa(n)
	return true
}

// assigning are the operators that assign what another computes.
var assigning = map[syntax.BinAritOperator]syntax.BinAritOperator{
	syntax.AddAssgn: syntax.Add, syntax.SubAssgn: syntax.Sub, syntax.MulAssgn: syntax.Mul,
	syntax.QuoAssgn: syntax.Quo, syntax.RemAssgn: syntax.Rem,
}

// binary computes an operation with two sides. Some operations, such as &&, compute the
// second side only if they need it.
func (a arithmetic) binary(e *syntax.BinaryArithm) (n int, known bool) {
	if e.Op == syntax.Assgn {
		n, known = a.of(e.Y)
		return n, known && a.assign(e.X, n)
	}
	x, known := a.of(e.X)
	if !known {
		return 0, false
	}
	switch e.Op {
	case syntax.TernQuest:
		sides, ok := e.Y.(*syntax.BinaryArithm)
		if !ok {
			return 0, false
		}
		if x != 0 {
			return a.of(sides.X)
		}
		return a.of(sides.Y)
	case syntax.AndArit, syntax.OrArit:
		if decided := e.Op == syntax.OrArit; (x != 0) == decided {
			return truth(decided), true
		}
		y, known := a.of(e.Y)
		return truth(y != 0), known
	}
	y, known := a.of(e.Y)
	if !known {
		return 0, false
	}
	if op, ok := assigning[e.Op]; ok {
		n, known = operate(op, x, y)
		return n, known && a.assign(e.X, n)
	}
	return operate(e.Op, x, y)
}

// operate computes both sides; the result is not known for a division by zero, and for
// operators that no hook has.
func operate(op syntax.BinAritOperator, x, y int) (n int, known bool) {
	switch op {
	case syntax.Add:
		return x + y, true
	case syntax.Sub:
		return x - y, true
	case syntax.Mul:
		return x * y, true
	case syntax.Quo, syntax.Rem:
		if y == 0 {
			return 0, false
		}
		if op == syntax.Quo {
			return x / y, true
		}
		return x % y, true
	case syntax.Lss:
		return truth(x < y), true
	case syntax.Leq:
		return truth(x <= y), true
	case syntax.Gtr:
		return truth(x > y), true
	case syntax.Geq:
		return truth(x >= y), true
	case syntax.Eql:
		return truth(x == y), true
	case syntax.Neq:
		return truth(x != y), true
	case syntax.Comma:
		return y, true
	}
	return 0, false
}

// truth is what a comparison computes.
func truth(holds bool) int {
	if holds {
		return 1
	}
	return 0
}
