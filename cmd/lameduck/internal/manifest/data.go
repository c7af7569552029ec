package manifest

import (
	"encoding/base64"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Datum is one key of a ConfigMap or a Secret.
type Datum struct {
	Key, Field string         // Field has it: data, stringData or binaryData
	Node       *document.Node // as it is written
	Text       string         // as a container gets it
	Err        error          // it has no such text: it is not base64
}

// DataOf is what a ConfigMap or a Secret has. Of two entries with the same key the last one
// counts.
func DataOf(kind string, o *document.Node) (all []Datum) {
	if o = document.Deref(o); o.Kind != document.MappingNode {
		return nil
	}
	for _, name := range []string{"data", "stringData", "binaryData"} {
		for _, field := range document.Fields(o) {
			data := document.Deref(field.Value)
			if field.Key.Value != name || data.Kind != document.MappingNode {
				continue
			}
			for _, f := range document.Fields(data) {
				all = append(all, newDatum(f, name, name == "binaryData" || name == "data" && kind == "Secret"))
			}
		}
	}
	return all
}

// newDatum decodes the data of a Secret, which may have line breaks.
func newDatum(f document.Field, field string, encoded bool) Datum {
	d := Datum{Key: f.Key.Value, Field: field, Node: f.Value}
	if n := document.Deref(f.Value); n.Kind == document.ScalarNode && n.ShortTag() != "!!null" {
		d.Text = n.Value
	}
	if encoded {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(d.Text), ""))
		d.Text, d.Err = string(decoded), err
	}
	return d
}
