package lint

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// ignoreAnnotation silences rules for an object, or for the pods of a workload. Its value
// is the IDs of the rules and, after a colon, the reason:
//
//	lameduck.dev/ignore: "single-replica, no-disruption-budget: it holds a lock"
const ignoreAnnotation = "lameduck.dev/ignore"

// exceptionsOf are the annotations of an object and of its pod template.
func exceptionsOf(o *object.Object) (all []object.Value) {
	for _, v := range []object.Value{
		o.Annotation(ignoreAnnotation), o.Get("spec", "template", "metadata", "annotations").Field(ignoreAnnotation),
	} {
		if v.Present() {
			all = append(all, v)
		}
	}
	return all
}

// exception is what an annotation names, and its reason.
func exception(v object.Value) (ids []string, reason string) {
	list, reason, _ := strings.Cut(v.Text(), ":")
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids, reason
}

// ignored reports whether the object of f, or its pod template, silences the rule.
func ignored(f *Finding) bool {
	return slices.ContainsFunc(exceptionsOf(f.object), func(v object.Value) bool {
		ids, _ := exception(v)
		return slices.Contains(ids, f.ID)
	})
}
