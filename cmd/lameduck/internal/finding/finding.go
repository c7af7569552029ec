// Package finding is one thing that is wrong, why it matters and how to cure
// it. The diagnosis of a trial and the lint of a manifest both make findings.
package finding

// Finding is plain data; its JSON form is part of the tool's contract.
type Finding struct {
	ID       string `json:"id"`              // kebab-case and stable, e.g. "exits-at-once"
	Summary  string `json:"summary"`         // one sentence: what is wrong
	Evidence string `json:"evidence"`        // what was seen: pods, times, counts
	Fix      string `json:"fix"`             // what to change, for Go with lameduck and for any language
	Doubt    string `json:"doubt,omitempty"` // why it is not certain, one line; empty if it is
	Drops    int    `json:"drops"`           // how many drops it explains; 0 for a warning without a drop
}
