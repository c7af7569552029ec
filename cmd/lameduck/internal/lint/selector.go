package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// selector selects pods by their labels.
type selector struct {
	labels       map[string]string
	expressions  []expression
	emptyIsEvery bool // what an empty selector selects: every pod, or none
}

type expression struct {
	label, operator string
	values          []string
}

// labelSelector reads matchLabels and matchExpressions; an empty one selects every
// pod.
func labelSelector(v object.Value) selector {
	sel := selector{labels: v.Get("matchLabels").Labels(), emptyIsEvery: v.Present()}
	for _, e := range v.Get("matchExpressions").Items() {
		sel.expressions = append(sel.expressions, expression{e.Get("key").Text(), e.Get("operator").Text(), e.Get("values").Texts()})
	}
	return sel
}

func (s selector) empty() bool { return len(s.labels) == 0 && len(s.expressions) == 0 }

func (s selector) selects(labels map[string]string) bool {
	if s.empty() {
		return s.emptyIsEvery
	}
	for name, value := range s.labels {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return !slices.ContainsFunc(s.expressions, func(e expression) bool { return !e.holds(labels) })
}

func (e expression) holds(labels map[string]string) bool {
	got, has := labels[e.label]
	switch e.operator {
	case "In":
		return has && slices.Contains(e.values, got)
	case "NotIn":
		return !has || !slices.Contains(e.values, got)
	case "Exists":
		return has
	case "DoesNotExist":
		return !has
	}
	return false
}

// differs is a label for which the selector does not select the pods of w; "" if it
// selects them.
func (w *workload) differs(sel selector) string {
	for _, name := range slices.Sorted(maps.Keys(sel.labels)) {
		want := sel.labels[name]
		switch got, ok := w.labels[name]; {
		case !ok:
			return fmt.Sprintf("the pods of %s have no label %s", w, name)
		case got != want:
			return fmt.Sprintf("the pods of %s have %s: %s, not %s", w, name, got, want)
		}
	}
	for _, e := range sel.expressions {
		if !e.holds(w.labels) {
			return fmt.Sprintf("%s %s does not hold for the pods of %s", e.label, e.operator, w)
		}
	}
	return ""
}
