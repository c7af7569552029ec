package workers

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// tally counts attempts.
type tally map[tallyKey]wire.Count

type tallyKey struct {
	pattern string
	control bool
}

func (t tally) add(a *timeline.Attempt) {
	key := tallyKey{a.Pattern, a.Control}
	c := t[key]
	c.Pattern, c.Control = a.Pattern, a.Control
	c.Attempts++
	if a.Dropped() {
		c.Dropped++
	}
	t[key] = c
}

// counts is the tally as a list, sorted.
func (t tally) counts() []wire.Count {
	all := make([]wire.Count, 0, len(t))
	for _, c := range t {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b wire.Count) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), compare(a.Control, b.Control))
	})
	return all
}

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// check returns the first difference between the attempts that the worker made
// and those that were received.
func (t tally) check(made []wire.Count) error {
	claimed := map[tallyKey]wire.Count{}
	for _, c := range made {
		claimed[tallyKey{c.Pattern, c.Control}] = c
	}
	for key, c := range t {
		if claimed[key] != c {
			return fmt.Errorf("received %v, but the worker counted %v", c, orNone(claimed[key], key))
		}
	}
	for key, c := range claimed {
		if t[key] != c {
			return fmt.Errorf("received none of %v", c)
		}
	}
	return nil
}

func orNone(c wire.Count, key tallyKey) wire.Count {
	c.Pattern, c.Control = key.pattern, key.control
	return c
}
