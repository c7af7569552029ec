package lint

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// TestPolicies: each policy is one of a rule, with a binding of its own. e2e asks a real
// API server what they refuse.
func TestPolicies(t *testing.T) {
	var text strings.Builder
	if err := WritePolicies(&text); err != nil {
		t.Fatal(err)
	}
	objects, _, errs := object.Read(&object.File{Name: "policies", Data: []byte(text.String())})
	if len(errs) > 0 || len(objects) != 2*len(policies) {
		t.Fatalf("%d objects, errors: %v", len(objects), errs)
	}
	for i, p := range policies {
		if !known(p.rule) {
			t.Errorf("%s is no rule", p.rule)
		}
		made, binding := objects[2*i], objects[2*i+1]
		if binding.Get("spec", "policyName").Text() != made.Name {
			t.Errorf("the binding of %s is for %q", made.Name, binding.Get("spec", "policyName").Text())
		}
		if got := made.Get("spec", "variables").Items(); len(got) != len(p.variables) {
			t.Errorf("%s has %d variables, want %d", made.Name, len(got), len(p.variables))
		}
	}
}
