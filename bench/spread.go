package main

import "slices"

// A spread sums up a set of samples. The median is what to quote; the least and the
// most show how far it can be trusted.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(samples []float64) spread {
	s := slices.Sorted(slices.Values(samples))
	n := len(s)
	if n == 0 {
		return spread{}
	}
	return spread{Median: (s[(n-1)/2] + s[n/2]) / 2, Min: s[0], Max: s[n-1]}
}

// A pair is one quantity of bare net/http and of ours, measured in turns.
type pair struct {
	Bare  spread `json:"bare"`
	Ours  spread `json:"ours"`
	Added spread `json:"added"` // ours - bare, pair by pair
	Ratio spread `json:"ratio"` // ours / bare, pair by pair; 0 if bare is 0
}

func pairOf(bare, ours []float64) pair {
	var ratios, added []float64
	for i := range bare {
		added = append(added, ours[i]-bare[i])
		if bare[i] != 0 {
			ratios = append(ratios, ours[i]/bare[i])
		}
	}
	return pair{spreadOf(bare), spreadOf(ours), spreadOf(added), spreadOf(ratios)}
}

// inTurns takes n pairs of samples. Which of the two is first changes from pair to
// pair, so that a drift of the machine favours neither.
func inTurns(n int, bare, ours func() error) error {
	for i := range n {
		first, second := bare, ours
		if i%2 == 1 {
			first, second = ours, bare
		}
		if err := first(); err != nil {
			return err
		}
		if err := second(); err != nil {
			return err
		}
	}
	return nil
}
