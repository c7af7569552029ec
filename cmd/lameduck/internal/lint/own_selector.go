package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/edit"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// plainSelector are the matchLabels of a workload's own selector, nil if it has more
// than these.
func plainSelector(o *object.Object) edit.Fields {
	var fields edit.Fields
	selector := o.Get("spec", "selector")
	if selector.Get("matchExpressions").Present() {
		return nil
	}
	for name, value := range selector.Get("matchLabels").Fields() {
		fields = append(fields, edit.Field{Name: name, To: value.Text()})
	}
	return fields
}

// matched are the matchLabels of a workload's own selector as YAML has them in one
// line.
func matched(w *model.Workload) string {
	var all []string
	for name, value := range w.Get("spec", "selector", "matchLabels").Fields() {
		all = append(all, name+": "+quoted(value.Text()))
	}
	return strings.Join(all, ", ")
}

// quoted is a label's value with quotes where YAML takes it for something else than
// text.
func quoted(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil || slices.Contains([]string{"", "true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(value)) {
		return strconv.Quote(value)
	}
	return value
}
