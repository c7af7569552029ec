package model

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Selector selects pods by their labels.
type Selector struct {
	Labels       map[string]string
	Expressions  []Expression
	emptyIsEvery bool // what an empty selector selects: every pod, or none
}

type Expression struct {
	Label, operator string
	values          []string
}

// LabelSelector reads matchLabels and matchExpressions; an empty one selects every
// pod.
func LabelSelector(v object.Value) Selector {
	sel := Selector{Labels: v.Get("matchLabels").Labels(), emptyIsEvery: v.Present()}
	for _, e := range v.Get("matchExpressions").Items() {
		sel.Expressions = append(sel.Expressions, Expression{e.Get("key").Text(), e.Get("operator").Text(), e.Get("values").Texts()})
	}
	return sel
}

func (s Selector) empty() bool { return len(s.Labels) == 0 && len(s.Expressions) == 0 }

func (s Selector) selects(labels map[string]string) bool {
	if s.empty() {
		return s.emptyIsEvery
	}
	for name, value := range s.Labels {
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return !slices.ContainsFunc(s.Expressions, func(e Expression) bool { return !e.holds(labels) })
}

func (e Expression) holds(labels map[string]string) bool {
	got, has := labels[e.Label]
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

// Differs is why the selector does not select the pods of w, by one label; "" if it does.
func (w *Workload) Differs(sel Selector) string {
	for _, name := range slices.Sorted(maps.Keys(sel.Labels)) {
		want := sel.Labels[name]
		switch got, ok := w.labels[name]; {
		case !ok:
			return fmt.Sprintf("the pods of %s have no label %s", w, name)
		case got != want:
			return fmt.Sprintf("the pods of %s have %s: %s, not %s", w, name, got, want)
		}
	}
	for _, e := range sel.Expressions {
		if !e.holds(w.labels) {
			return fmt.Sprintf("%s %s does not hold for the pods of %s", e.Label, e.operator, w)
		}
	}
	return ""
}

// MissedByOne is the label by which a selector misses the pods of w, and the value that they
// have: all others are equal. It is one that the workload itself selects, so that no program
// changes it while the pods run. It is not ok for pods that a Service selects.
func (w *Workload) MissedByOne(selector map[string]string) (label, value string, ok bool) {
	for name, want := range selector {
		switch got, has := w.labels[name]; {
		case !has || got != want && label != "":
			return "", "", false
		case got != want:
			label, value = name, got
		}
	}
	own := w.Get("spec", "selector", "matchLabels").Field(label).Text() == value
	return label, value, label != "" && own && len(w.services) == 0
}
