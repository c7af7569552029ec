package lint

import (
	"path"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// rewrite is an admission policy that sets the grace period of pods.
type rewrite struct {
	*object.Object
	grace      int      // what it sets; -1: an expression that is not read
	namespaces []string // patterns; none: all
}

const graceField = "terminationGracePeriodSeconds"

// rewrites are the policies of the set: of Kyverno, of Gatekeeper, and of Kubernetes.
func (s *set) rewrites() (all []rewrite) {
	for _, o := range s.objects {
		switch {
		case o.Group == "kyverno.io" && (o.Kind == "ClusterPolicy" || o.Kind == "Policy"):
			for _, rule := range o.Get("spec", "rules").Items() {
				if r, ok := ofKyverno(o, rule); ok {
					all = append(all, r)
				}
			}
		case o.Group == "mutations.gatekeeper.sh" && o.Kind == "Assign" && strings.HasSuffix(o.Get("spec", "location").Text(), "spec."+graceField):
			all = append(all, rewrite{Object: o, grace: o.Get("spec", "parameters", "assign", "value").IntOr(-1),
				namespaces: o.Get("spec", "match", "namespaces").Texts()})
		case o.Kind == "MutatingAdmissionPolicy", o.Group == "policies.kyverno.io":
			for _, m := range o.Get("spec", "mutations").Items() {
				text := m.Get("applyConfiguration", "expression").Text() + m.Get("jsonPatch", "expression").Text()
				if _, after, found := strings.Cut(text, graceField); found {
					all = append(all, rewrite{Object: o, grace: firstNumber(after)})
				}
			}
		}
	}
	return all
}

// ofKyverno reads a rule that patches pods; it is applied to what makes pods too.
func ofKyverno(o *object.Object, rule object.Value) (r rewrite, ok bool) {
	r = rewrite{Object: o}
	if o.Kind == "Policy" {
		r.namespaces = []string{o.Namespace}
	}
	match := rule.Get("match")
	for _, m := range append(append(match.Get("any").Items(), match.Get("all").Items()...), match) {
		r.namespaces = append(r.namespaces, m.Get("resources", "namespaces").Texts()...)
	}
	// Not "+(...)", for what is missing: the API server has put the default there before.
	v, found := deepField(rule.Get("mutate"), graceField)
	if patch := rule.Get("mutate", "patchesJson6902").Text(); !found && strings.Contains(patch, graceField) {
		_, after, _ := strings.Cut(patch, graceField)
		r.grace = firstNumber(after)
		return r, true
	}
	r.grace = v.IntOr(-1)
	return r, found
}

// deepField finds a field of that name at any depth.
func deepField(v object.Value, name string) (_ object.Value, found bool) {
	for key, field := range v.Fields() {
		if key == name {
			return field, true
		}
		if inside, ok := deepField(field, name); ok {
			return inside, true
		}
	}
	for _, item := range v.Items() {
		if inside, ok := deepField(item, name); ok {
			return inside, true
		}
	}
	return v, false
}

// firstNumber is the first number in an expression behind the field; -1 if there is
// none before something is computed.
func firstNumber(text string) int {
	text = strings.TrimLeft(text, "\"')}: \t\r\n,=") // "path", value: 50
	text = strings.TrimLeft(strings.TrimPrefix(text, "value"), "\"': \t")
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil {
		return -1
	}
	return n
}

// applies reports whether the policy is for the namespace of w: labels, users and expressions may still exempt it.
func (r *rewrite) applies(w *workload) bool {
	for _, pattern := range r.namespaces {
		if ok, _ := path.Match(pattern, w.Namespace); ok {
			return true
		}
	}
	return len(r.namespaces) == 0
}
