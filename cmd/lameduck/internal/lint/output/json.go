package output

import (
	"encoding/json"
	"io"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
)

// Version is the version of the format that Document has. A field may be added without a
// new version; a field that changes its meaning makes a new one.
const Version = 1

// Document is what lameduck lint -o json writes. Lists are empty rather than null.
type Document struct {
	Version int    `json:"version"` // of this format
	Tool    string `json:"tool"`    // version of lameduck
	Files   int    `json:"files"`   // how many were read
	Objects int    `json:"objects"` // how many were in them
	// Failed is true if there is a finding of the severity of --fail-on or above.
	Failed   bool           `json:"failed"`
	Findings []lint.Finding `json:"findings"` // by file and line
	Skipped  []Skipped      `json:"skipped"`
	// Unread are the errors of what could not be read, of one line each:
	// "file:line:column: what is wrong".
	Unread []string `json:"unread"`
}

// Skipped is a document that was not judged.
type Skipped struct {
	File string `json:"file"`
	Line int    `json:"line"` // of its first line, counted from 1
	Why  string `json:"why"`
}

// JSON writes a Document.
func JSON(w io.Writer, r *Result) error {
	d := Document{
		Version: Version, Tool: version.String(), Files: len(r.Files), Objects: len(r.Objects),
		Findings: []lint.Finding{}, Skipped: []Skipped{}, Unread: []string{},
	}
	for i := range r.Findings {
		d.Findings = append(d.Findings, r.Findings[i])
		d.Failed = d.Failed || r.Fails(&r.Findings[i])
	}
	for _, s := range r.Skipped {
		d.Skipped = append(d.Skipped, Skipped(s))
	}
	for _, err := range r.Unread {
		d.Unread = append(d.Unread, err.Error())
	}
	return encode(w, d)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
