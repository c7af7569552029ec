package lint

import (
	"strings"
)

// ignoreAnnotation silences rules for an object, or for the pods of a workload: its
// value is their IDs, and behind a colon the reason:
//
//	lameduck.dev/ignore: "single-replica, no-disruption-budget: it holds a lock"
const ignoreAnnotation = "lameduck.dev/ignore"

// ignored reports whether the object of f, or its pod template, silences the rule.
func ignored(f *Finding) bool {
	for _, v := range []string{
		f.object.Annotation(ignoreAnnotation).Text(),
		f.object.Get("spec", "template", "metadata", "annotations").Field(ignoreAnnotation).Text(),
	} {
		ids, _, _ := strings.Cut(v, ":")
		for id := range strings.SplitSeq(ids, ",") {
			if strings.TrimSpace(id) == f.ID {
				return true
			}
		}
	}
	return false
}
