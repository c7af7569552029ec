package edit

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// patch is what replaces parts of a text, so that the text has the wanted tree.
type patch struct {
	*source
	wanted       *wanted
	isJSON       bool   // names and texts need their quotes
	comma, colon string // within braces
	replacements []replacement
}

func newPatch(w *wanted, part document.Part, before []*document.Node) *patch {
	p := &patch{wanted: w, source: newSource(part), comma: ", ", colon: ": "}
	p.index(before)
	for _, n := range before {
		if flow(n) && len(n.Content) > 0 && n.Content[0].Style&document.DoubleQuotedStyle != 0 {
			p.isJSON = true
			if p.start(n.Content[1]) == p.end(n.Content[0])+1 { // no space after the colon
				p.comma, p.colon = ",", ":"
			}
		}
	}
	return p
}

// replacement is what is written instead of the text between two offsets.
type replacement struct {
	from, to int
	text     string
}

func (p *patch) replace(from, to int, text string) {
	if from != to || text != "" {
		p.replacements = append(p.replacements, replacement{from, to, text})
	}
}

var errOverlap = errors.New("two changes overlap")

// text is the text with the replacements. Those at one place keep their order: what is
// within a value comes before what is after it.
func (p *patch) text() ([]byte, error) {
	slices.SortStableFunc(p.replacements, func(a, b replacement) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	var out bytes.Buffer
	at := 0
	for _, r := range p.replacements {
		if r.from < at || r.to < r.from || r.to > len(p.data) {
			return nil, errOverlap
		}
		out.Write(p.data[at:r.from])
		out.WriteString(r.text)
		at = r.to
	}
	out.Write(p.data[at:])
	return out.Bytes(), nil
}

// join is lines with that indentation; the first has none.
func (p *patch) join(lines []string, column int) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString(p.newline)
			if line != "" {
				b.WriteString(strings.Repeat(" ", column))
			}
		}
		b.WriteString(line)
	}
	return b.String()
}
