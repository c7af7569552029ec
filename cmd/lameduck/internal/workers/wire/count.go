package wire

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Count is how many attempts of a pattern there were.
type Count struct {
	Pattern  string `json:"pattern"`
	Control  bool   `json:"control,omitempty"`
	Attempts int    `json:"attempts"`
	Dropped  int    `json:"dropped"`
}

func (c Count) String() string {
	target := ""
	if c.Control {
		target = " at the control target"
	}
	return fmt.Sprintf("%d attempts of %s%s, %d dropped", c.Attempts, c.Pattern, target, c.Dropped)
}

// A Tally counts attempts by pattern, at both ends: a worker's, and the coordinator's
// of that worker.
type Tally map[tallyKey]Count

type tallyKey struct {
	pattern string
	control bool
}

// Add counts an attempt.
func (t Tally) Add(a *timeline.Attempt) {
	key := tallyKey{a.Pattern, a.Control}
	c := t[key]
	c.Pattern, c.Control = a.Pattern, a.Control
	c.Attempts++
	if a.Dropped() {
		c.Dropped++
	}
	t[key] = c
}

// Counts is the tally as a list, sorted.
func (t Tally) Counts() []Count {
	all := make([]Count, 0, len(t))
	for _, c := range t {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Count) int {
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

// Check returns the first difference between the attempts that the worker made
// and those that were received.
func (t Tally) Check(made []Count) error {
	claimed := map[tallyKey]Count{}
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

func orNone(c Count, key tallyKey) Count {
	c.Pattern, c.Control = key.pattern, key.control
	return c
}
