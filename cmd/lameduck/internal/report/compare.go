package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Comparison is the object that "report BEFORE AFTER -o json" prints: two runs,
// and how the second differs from the first.
type Comparison struct {
	Version     int          `json:"version"`
	Before      *Report      `json:"before"`
	After       *Report      `json:"after"`
	Differences []Difference `json:"differences"` // in what was asked
	Drops       []Drops      `json:"drops"`       // of every pattern and cause with drops in either run
	Findings    Changes      `json:"findings"`
}

// Difference is a setting that the runs do not share.
type Difference struct {
	Setting string `json:"setting"`
	Before  string `json:"before"`
	After   string `json:"after"`
}

// Drops are those of one pattern by one cause.
type Drops struct {
	Pattern string         `json:"pattern"`
	Cause   timeline.Cause `json:"cause"`
	Before  int            `json:"before"`
	After   int            `json:"after"`
}

// Changes are the IDs of the findings.
type Changes struct {
	Gone  []string `json:"gone"`  // only before
	New   []string `json:"new"`   // only after
	Still []string `json:"still"` // in both runs
}

// Compare puts two runs side by side.
func Compare(before, after *Report) *Comparison {
	return &Comparison{Version: Version, Before: before, After: after,
		Differences: differences(before, after), Drops: drops(before, after), Findings: changes(before, after)}
}

// differences are the settings that may explain a difference in the result.
func differences(before, after *Report) []Difference {
	settings := func(r *Report) []Difference {
		return []Difference{
			{Setting: "stage", Before: r.Stage}, {Setting: "action", Before: r.Action}, {Setting: "rounds", Before: fmt.Sprint(r.Rounds)},
			{Setting: "replicas", Before: fmt.Sprint(r.Spec.Replicas)}, {Setting: "rate", Before: fmt.Sprint(r.Rate)},
			{Setting: "traffic", Before: strings.Join(r.Spec.Patterns, ",")}, {Setting: "method", Before: r.Spec.Method},
			{Setting: "path", Before: r.Spec.Path}, {Setting: "host", Before: r.Spec.Host},
			{Setting: "headers", Before: strings.Join(r.Spec.Headers, ", ")}, {Setting: "body", Before: fmt.Sprintf("%d B", r.Spec.Body)}, {Setting: "TLS", Before: r.Spec.TLS},
			{Setting: "nodes", Before: fmt.Sprint(r.Spec.Nodes)},
			{Setting: "propagation", Before: r.Spec.Propagation}, {Setting: "grace period", Before: fmt.Sprintf("%v s", r.Spec.GraceSeconds)},
			{Setting: "command", Before: strings.Join(r.Spec.Command, " ")}, {Setting: "tool", Before: r.Tool},
		}
	}
	all := []Difference{}
	second := settings(after)
	for i, d := range settings(before) {
		if d.After = second[i].Before; d.Before != d.After {
			all = append(all, d)
		}
	}
	return all
}

func drops(before, after *Report) []Drops {
	type key struct {
		pattern string
		cause   timeline.Cause
	}
	counts := map[key]*[2]int{}
	for i, r := range []*Report{before, after} {
		for _, t := range r.Traffic {
			for cause, n := range t.Causes {
				k := key{t.Pattern, cause}
				if counts[k] == nil {
					counts[k] = new([2]int)
				}
				counts[k][i] = n
			}
		}
	}
	all := []Drops{}
	for k, n := range counts {
		all = append(all, Drops{k.pattern, k.cause, n[0], n[1]})
	}
	slices.SortFunc(all, func(a, b Drops) int {
		return cmp.Or(timeline.ComparePatterns(a.Pattern, b.Pattern), cmp.Compare(a.Cause, b.Cause))
	})
	return all
}

func changes(before, after *Report) Changes {
	c := Changes{Gone: []string{}, New: []string{}, Still: []string{}}
	is := func(id string) func(finding.Finding) bool { return func(f finding.Finding) bool { return f.ID == id } }
	for _, f := range before.Findings {
		if slices.ContainsFunc(after.Findings, is(f.ID)) {
			c.Still = append(c.Still, f.ID)
		} else {
			c.Gone = append(c.Gone, f.ID)
		}
	}
	for _, f := range after.Findings {
		if !slices.ContainsFunc(before.Findings, is(f.ID)) {
			c.New = append(c.New, f.ID)
		}
	}
	return c
}

// CompareText writes the comparison for people.
func CompareText(w io.Writer, c *Comparison, colour bool) error {
	p := &printer{colour: colour}
	for _, r := range []struct {
		label string
		*Report
	}{{"before: ", c.Before}, {"after:  ", c.After}} {
		p.line("%s%s: %s", r.label, p.word(r.Report), outcome(r.Report))
		p.line("        %s, %s", runLine(r.Report), r.Start.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	p.differences(c.Differences)
	p.drops(c)
	p.changes(c)
	return p.writeTo(w)
}

func (p *printer) differences(all []Difference) {
	for _, d := range all {
		p.prose("differs: ", fmt.Sprintf("%s %s, then %s", d.Setting, cmp.Or(d.Before, "none"), cmp.Or(d.After, "none")))
	}
}

// drops is a table: each pattern, and its causes below.
func (p *printer) drops(c *Comparison) {
	before, after := byPattern(c.Before), byPattern(c.After)
	patterns := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, known := before[name]; !known {
			patterns = append(patterns, name)
		}
	}
	if len(patterns) == 0 {
		return
	}
	slices.SortFunc(patterns, timeline.ComparePatterns)
	var rows [][]string
	for _, name := range patterns {
		rows = append(rows, []string{name, "", droppedOf(before, name), droppedOf(after, name)})
		for _, d := range c.Drops {
			if d.Pattern == name {
				rows = append(rows, []string{"", string(d.Cause), finding.Number(d.Before), finding.Number(d.After)})
			}
		}
	}
	p.line("")
	p.table([]string{"PATTERN", "CAUSE", ">DROPPED BEFORE", ">AFTER"}, rows)
}

func byPattern(r *Report) map[string]Traffic {
	all := map[string]Traffic{}
	for _, t := range r.Traffic {
		all[t.Pattern] = t
	}
	return all
}

func droppedOf(all map[string]Traffic, pattern string) string {
	t, ok := all[pattern]
	if !ok {
		return "-"
	}
	return finding.Number(t.Dropped) + " of " + finding.Number(t.Attempts)
}

func (p *printer) changes(c *Comparison) {
	p.line("")
	if len(c.Before.Findings)+len(c.After.Findings) == 0 {
		p.line("findings: none in either run")
		return
	}
	for _, group := range []struct {
		label string
		ids   []string
	}{{"findings gone:  ", c.Findings.Gone}, {"findings new:   ", c.Findings.New}, {"findings still: ", c.Findings.Still}} {
		if len(group.ids) > 0 {
			p.prose(group.label, strings.Join(group.ids, ", "))
		}
	}
}

// CompareJSON writes the comparison as one indented object.
func CompareJSON(w io.Writer, c *Comparison) error { return encode(w, c) }
