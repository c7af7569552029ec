// Package lint finds the mistakes in manifests that drop connections when pods are
// replaced. A rule is a value, and a file named by its ID; it sees the whole set of
// objects, so that a Service knows the pods it selects.
package lint

import (
	"cmp"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Objects asks every rule about the objects and returns what they found: by file
// and place, and at one place in the order of the rules. Findings that an object
// ignores by its annotation are left out.
func Objects(objects []*object.Object) []Finding { return Options{}.Objects(objects) }

// Options are what is known beside the objects, and what is not asked.
type Options struct {
	Dockerfiles []model.Dockerfile // of their images
	Ignore      []string           // IDs of rules that are not asked
}

// Objects is the function of that name, with options.
func (o Options) Objects(objects []*object.Object) []Finding {
	s := model.NewSet(objects)
	for _, w := range s.Workloads {
		w.Dockerfiles = o.Dockerfiles
	}
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.id)
	}
	var all []Finding
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
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return all
}
