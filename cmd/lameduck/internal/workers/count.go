package workers

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// count is how many attempts of a pattern there were.
type count struct {
	Pattern  string `json:"pattern"`
	Control  bool   `json:"control,omitempty"`
	Attempts int    `json:"attempts"`
	Dropped  int    `json:"dropped"`
}

func (c count) String() string {
	target := ""
	if c.Control {
		target = " at the control target"
	}
	return fmt.Sprintf("%d attempts of %s%s, %d dropped", c.Attempts, c.Pattern, target, c.Dropped)
}

// tally counts attempts.
type tally map[tallyKey]count

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

// counts is the whole of it, sorted.
func (t tally) counts() []count {
	all := make([]count, 0, len(t))
	for _, c := range t {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b count) int {
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

// check says where what the worker made differs from what came.
func (t tally) check(made []count) error {
	claimed := map[tallyKey]count{}
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

func orNone(c count, key tallyKey) count {
	c.Pattern, c.Control = key.pattern, key.control
	return c
}
