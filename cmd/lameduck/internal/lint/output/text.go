package output

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Text writes the findings for people: each with the line that it is about.
func Text(w io.Writer, r *Result, colour bool) error {
	p := painter(colour)
	b := bufio.NewWriter(w)
	for i := range r.Findings {
		p.finding(b, &r.Findings[i], r.line(&r.Findings[i]))
	}
	for _, line := range skips(r.Skipped) {
		fmt.Fprintf(b, "skipped %s\n", line)
	}
	fmt.Fprintln(b, p.paint(bold, summary(r)))
	return b.Flush()
}

// painter writes in colour if it is true.
type painter bool

// The colours, by the numbers of ECMA-48.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	blue   = "1;34"
)

var colourOf = map[lint.Severity]string{lint.Error: red, lint.Warning: yellow, lint.Info: blue}

func (p painter) paint(colour, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p painter) finding(b io.Writer, f *lint.Finding, line string) {
	fmt.Fprintf(b, "%s: %s %s: %s: %s\n", p.paint(bold, fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)),
		p.paint(colourOf[f.Severity], string(f.Severity)), f.ID, f.Object, f.Summary)
	p.excerpt(b, f, line)
	if f.Evidence != "" {
		fmt.Fprintf(b, "  because: %s\n", f.Evidence)
	}
	fmt.Fprintf(b, "  fix: %s\n\n", f.Fix)
}

// widest is how many characters of a line are shown.
const widest = 120

// excerpt is the line with a caret below the column.
func (p painter) excerpt(b io.Writer, f *lint.Finding, line string) {
	text := []rune(document.Printable(line))
	at := min(max(f.Column-1, 0), len(text))
	if from := at - widest/2; len(text) > widest && from > 0 {
		text, at = text[from:], at-from
	}
	shown := strings.TrimRightFunc(string(text[:min(len(text), widest)]), unicode.IsSpace)
	if shown == "" {
		return
	}
	number := fmt.Sprintf("%5d", f.Line)
	fmt.Fprintf(b, "%s | %s\n%*s | %s%s\n", number, shown, len(number), "", strings.Repeat(" ", at), p.paint(colourOf[f.Severity], "^"))
}

// skips are lines about what was skipped, one for each reason.
func skips(all []object.Skipped) (lines []string) {
	order, by := reasons(all)
	for _, why := range order {
		first := by[why][0]
		place := fmt.Sprintf("%s:%d", first.File, first.Line)
		if n := len(by[why]) - 1; n > 0 {
			place += " and " + finding.Count(n, "other")
		}
		lines = append(lines, place+": "+why)
	}
	return lines
}

// summary is the last line: what was read, and what was found.
func summary(r *Result) string {
	text := finding.Count(len(r.Files), "file") + ", " + finding.Count(len(r.Objects), "object") + ": "
	count := map[lint.Severity]int{}
	for _, f := range r.Findings {
		count[f.Severity]++
	}
	var found []string
	for _, s := range slices.Backward(lint.Severities) {
		switch {
		case count[s] == 0:
		case s == lint.Info: // which has no plural
			found = append(found, fmt.Sprintf("%d %s", count[s], s))
		default:
			found = append(found, finding.Count(count[s], string(s)))
		}
	}
	nothing := "nothing found"
	if len(r.Objects) == 0 {
		nothing = "nothing judged"
	}
	text += cmp.Or(strings.Join(found, ", "), nothing)
	if n := len(r.Skipped); n > 0 {
		text += ", " + finding.Count(n, "document") + " skipped"
	}
	if n := len(r.Unread); n > 0 {
		text += fmt.Sprintf(", %d could not be read", n)
	}
	return text
}
