package lint

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// An annotation silences the rules that it names, for the object that has it or the
// pods of its template, and no other ones.
func TestIgnore(t *testing.T) {
	for annotation, want := range map[string]int{
		"":                                   1,
		"prestop-uses-the-grace-period: x":   0,
		"prestop-uses-the-grace-period":      1, // silenced, and without a reason
		"a, prestop-uses-the-grace-period:x": 1,
		"no-disruption-budget: x":            1,
		"x: prestop-uses-the-grace-period":   2,
	} {
		for _, place := range []string{"OBJECT", "TEMPLATE"} {
			text := strings.ReplaceAll(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {OBJECT: "x"}}
spec:
  template:
    metadata: {annotations: {TEMPLATE: "x"}}
    spec:
      containers: [{name: a, lifecycle: {preStop: {sleep: {seconds: 30}}}}]
`, place+`: "x"`, `lameduck.dev/ignore: "`+annotation+`"`)
			objects, _, errs := object.Read(&object.File{Name: "a.yaml", Data: []byte(text)})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			var got []Finding
			for _, f := range Objects(objects) {
				if f.ID == "prestop-uses-the-grace-period" || f.ID == "ignore-annotation" && annotation != "" {
					got = append(got, f)
				}
			}
			if len(got) != want {
				t.Errorf("%q in %s: %d findings, want %d: %v", annotation, place, len(got), want, got)
			}
		}
	}
}
