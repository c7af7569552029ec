package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// width is that of prose; tables may be a little wider.
const width = 100

// printer collects a text. It is written in one go, so that an error of the
// writer occurs once.
type printer struct {
	strings.Builder
	colour bool
}

// The marks, as ANSI parameters.
const (
	good = "1;32"
	bad  = "1;31"
	name = "1"
)

func (p *printer) style(as, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + as + "m" + text + "\x1b[0m"
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// prose writes a text wrapped, its first line after label, the others
// indented below it. A line break in the text stays one.
func (p *printer) prose(label, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(label))
	for paragraph := range strings.Lines(text) {
		for _, line := range wrap(strings.TrimSpace(paragraph), width-len(indent)) {
			p.line("%s%s", label, line)
			label = indent
		}
	}
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// table writes rows below a head. The columns whose head begins with ">" are
// set to the right.
func (p *printer) table(head []string, rows [][]string) {
	rows = slices.Insert(rows, 0, slices.Clone(head))
	for c := range head {
		if strings.HasPrefix(head[c], ">") {
			rows[0][c] = head[c][1:]
			alignRight(rows, c)
		}
	}
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush() // a Builder does not fail
	for line := range strings.Lines(text.String()) {
		p.line("%s", strings.TrimRight(line, " \n"))
	}
}

func alignRight(rows [][]string, column int) {
	widest := 0
	for _, row := range rows {
		widest = max(widest, utf8.RuneCountInString(row[column]))
	}
	for _, row := range rows {
		row[column] = strings.Repeat(" ", widest-utf8.RuneCountInString(row[column])) + row[column]
	}
}

func (p *printer) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// causes lists them, most first. Of more than three the first two are named.
func causes(counts map[timeline.Cause]int) string {
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(a, b timeline.Cause) int { return counts[b] - counts[a] })
	var parts []string
	rest := 0
	for i, k := range keys {
		if i < 2 || len(keys) == 3 {
			parts = append(parts, finding.Number(counts[k])+" "+string(k))
		} else {
			rest += counts[k]
		}
	}
	if rest > 0 {
		parts = append(parts, finding.Number(rest)+" other")
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// at writes a moment, "-" for one that never came.
func at(ms *float64) string {
	if ms == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f s", *ms/1000)
}

// took writes a latency.
func latency(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}
