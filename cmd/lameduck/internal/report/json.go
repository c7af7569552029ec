package report

import (
	"encoding/json"
	"io"
)

// JSON writes the report as one indented object.
func JSON(w io.Writer, r *Report) error { return encode(w, r) }

// DemoJSON writes the demo as one indented object.
func DemoJSON(w io.Writer, d *Demo) error { return encode(w, d) }

func encode(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}
