package model

import (
	"path"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Rewrite is an admission policy that sets the grace period of pods.
type Rewrite struct {
	*object.Object
	Grace      int      // what it sets; -1: an expression that is not read
	namespaces []string // patterns; none: all
}

const GraceField = "terminationGracePeriodSeconds"

// Rewrites are the policies of the set: of Kyverno, of Gatekeeper, and of Kubernetes.
func (s *Set) Rewrites() (all []Rewrite) {
	for _, o := range s.Around {
		switch {
		case o.Group == "kyverno.io" && (o.Kind == "ClusterPolicy" || o.Kind == "Policy"):
			for _, rule := range o.Get("spec", "rules").Items() {
				if r, ok := ofKyverno(o, rule); ok {
					all = append(all, r)
				}
			}
		case o.Group == "mutations.gatekeeper.sh" && o.Kind == "Assign" && strings.HasSuffix(o.Get("spec", "location").Text(), "spec."+GraceField):
			all = append(all, Rewrite{Object: o, Grace: o.Get("spec", "parameters", "assign", "value").IntOr(-1),
				namespaces: o.Get("spec", "match", "namespaces").Texts()})
		case o.Kind == "MutatingAdmissionPolicy", o.Group == "policies.kyverno.io":
			for _, m := range o.Get("spec", "mutations").Items() {
				text := m.Get("applyConfiguration", "expression").Text() + m.Get("jsonPatch", "expression").Text()
				if _, after, found := strings.Cut(text, GraceField); found {
					all = append(all, Rewrite{Object: o, Grace: firstNumber(after)})
				}
			}
		}
	}
	return all
}

// ofKyverno reads a rule that patches pods. Kyverno applies it to workloads too.
func ofKyverno(o *object.Object, rule object.Value) (r Rewrite, ok bool) {
	r = Rewrite{Object: o}
	if o.Kind == "Policy" {
		r.namespaces = []string{o.Namespace}
	}
	match := rule.Get("match")
	for _, m := range append(append(match.Get("any").Items(), match.Get("all").Items()...), match) {
		r.namespaces = append(r.namespaces, m.Get("resources", "namespaces").Texts()...)
	}
	// A field in "+(...)" is not read: that sets only what is missing, and the API server has
	// set the default before.
	v, found := deepField(rule.Get("mutate"), GraceField)
	if patch := rule.Get("mutate", "patchesJson6902").Text(); !found && strings.Contains(patch, GraceField) {
		_, after, _ := strings.Cut(patch, GraceField)
		r.Grace = firstNumber(after)
		return r, true
	}
	r.Grace = v.IntOr(-1)
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

// firstNumber is the number that an expression has directly after the name of the field;
// -1 if the value is computed.
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

// Applies reports whether the policy is for the namespace of w. What may still exempt w is
// not read: labels, users and expressions.
func (r *Rewrite) Applies(w *Workload) bool {
	for _, pattern := range r.namespaces {
		if ok, _ := path.Match(pattern, w.Namespace); ok {
			return true
		}
	}
	return len(r.namespaces) == 0
}
