// Package lint finds the mistakes in manifests that drop connections when pods are
// replaced. A rule is a value, in a file that is named after its ID. It sees the whole set
// of objects, so that it can look at a Service together with the pods that it selects.
package lint

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Objects checks the objects by every rule and returns the findings, sorted by file and
// place; those at the same place are in the order of the rules. Findings that an object
// ignores by its annotation are left out.
func Objects(objects []*object.Object) []Finding { return Options{}.Objects(objects) }

// Options are what is known besides the objects, and which rules are left out.
type Options struct {
	Dockerfiles []model.Dockerfile // of the images of the objects
	Ignore      []string           // IDs of rules that are left out
}

// Packed is the function Objects, with these options, for objects of which few are unpacked
// at a time. The findings have no Changes: these need the objects.
func (o Options) Packed(objects []*object.Packed) []Finding {
	groups := model.Divide(objects, false)
	var all []Finding
	for _, group := range groups.All {
		for _, f := range o.judge(groups.Open(group), groups.Around) {
			f.OneContainer = len(f.object.Get("spec", "template", "spec", "containers").Items()) == 1
			f.Changes, f.object = nil, nil
			all = append(all, f)
		}
	}
	sortFindings(all)
	return all
}

// Objects is the function Objects, with these options.
func (o Options) Objects(objects []*object.Object) []Finding {
	all := o.judge(objects, model.Around(objects))
	sortFindings(all)
	return all
}

// judge returns the findings about the objects, in the order of the rules.
func (o Options) judge(objects, around []*object.Object) (all []Finding) {
	s := model.NewSet(objects, around)
	for _, w := range s.Workloads {
		w.Dockerfiles = o.Dockerfiles
	}
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.id)
	}
	for i := range rules {
		if slices.Contains(o.Ignore, rules[i].id) {
			continue
		}
		r := &report{rule: &rules[i], set: s, ids: ids}
		rules[i].check(s, r)
		for _, f := range r.found {
			if !ignored(f) {
				all = append(all, *f)
			}
		}
	}
	return all
}

func sortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
}
