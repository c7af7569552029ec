package model

import (
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Amount is a number of pods as Kubernetes takes it: a count, or a percentage.
type Amount struct {
	Value   int
	Percent bool
}

// AmountOf reads v; not ok for a field that is missing, and for a value that Kubernetes
// refuses.
func AmountOf(v object.Value) (a Amount, ok bool) {
	if n, ok := v.Int(); ok {
		return Amount{n, false}, n >= 0
	}
	digits, found := strings.CutSuffix(v.Text(), "%")
	n, err := strconv.Atoi(digits)
	return Amount{n, true}, found && err == nil && n >= 0
}

// amountOr is v, or the default of a field that is missing.
func amountOr(v object.Value, otherwise Amount) (a Amount, ok bool) {
	if !v.Present() {
		return otherwise, true
	}
	return AmountOf(v)
}

// of is how many of n pods the amount is.
func (a Amount) of(n int, up bool) int {
	switch {
	case !a.Percent:
		return a.Value
	case up:
		return (n*a.Value + 99) / 100
	}
	return n * a.Value / 100
}

func (a Amount) String() string {
	if a.Percent {
		return strconv.Itoa(a.Value) + "%"
	}
	return strconv.Itoa(a.Value)
}
