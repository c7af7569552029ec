package lint

import (
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// amount is a number of pods as Kubernetes takes it: a count, or a percentage.
type amount struct {
	value   int
	percent bool
}

// amountOf reads v. Not ok for what is missing, and for what Kubernetes refuses.
func amountOf(v object.Value) (a amount, ok bool) {
	if n, ok := v.Int(); ok {
		return amount{n, false}, n >= 0
	}
	digits, found := strings.CutSuffix(v.Text(), "%")
	n, err := strconv.Atoi(digits)
	return amount{n, true}, found && err == nil && n >= 0
}

// amountOr is v, or the default of a field that is missing.
func amountOr(v object.Value, otherwise amount) (a amount, ok bool) {
	if !v.Present() {
		return otherwise, true
	}
	return amountOf(v)
}

// of is the amount of n pods.
func (a amount) of(n int, up bool) int {
	switch {
	case !a.percent:
		return a.value
	case up:
		return (n*a.value + 99) / 100
	}
	return n * a.value / 100
}

func (a amount) String() string {
	if a.percent {
		return strconv.Itoa(a.value) + "%"
	}
	return strconv.Itoa(a.value)
}
