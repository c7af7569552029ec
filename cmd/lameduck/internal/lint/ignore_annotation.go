package lint

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Without a reason, a later reader cannot know whether the exception is still right. One
// with a misspelt ID silences nothing.
var ruleIgnoreAnnotation = rule{
	id:    "ignore-annotation",
	title: "The annotation lameduck.dev/ignore names an unknown rule, or has no reason",
	why: "lameduck.dev/ignore: \"RULE, RULE: reason\" on an object, or on its pod template, silences rules for it. A rule that does not exist " +
		"silences nothing. An exception without a reason cannot be checked later, when the reason may be gone.",
	sources:  []string{"https://github.com/lameduck-dev/lameduck/blob/main/docs/RULES.md"},
	severity: Info,
	check:    ignoreAnnotations,
}

func ignoreAnnotations(s *model.Set, r *report) {
	for _, o := range s.Objects {
		for _, v := range exceptionsOf(o) {
			checkException(r, o, v)
		}
	}
}

func checkException(r *report, o *object.Object, v object.Value) {
	ids, reason := exception(v)
	for _, id := range ids {
		if !slices.Contains(r.ids, id) {
			word, distance := hint.Similar(id, r.ids)
			f := r.add(o, v, "%s names the rule %q, which does not exist", ignoreAnnotation, id).cure("lameduck explain lists the rules")
			if distance <= max(1, len(id)/3) {
				f.cure("write %s", word)
			}
		}
	}
	if strings.TrimSpace(reason) == "" {
		r.add(o, v, "%s has no reason", ignoreAnnotation).cure("write the reason after a colon: %q", strings.Join(ids, ", ")+": reason")
	}
}
