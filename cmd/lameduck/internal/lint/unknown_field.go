package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// A field that Kubernetes does not have has no effect, and most clients get no more than
// a warning: with a grace period that is written in a container the pod has the default.
var ruleUnknownField = rule{
	id:    "unknown-field",
	title: "A field is misspelt or in the wrong place",
	why: "The API server drops a field that it does not know. kubectl apply refuses the object; other clients (Helm 3, controllers, kubectl with --validate=false) " +
		"get a warning at most, and the setting has no effect: a grace period in a container, or a hook in the pod instead of a container, looks right and is ignored.",
	sources: []string{
		"https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
		"https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
	},
	severity: Error,
	check:    unknownField,
}

func unknownField(s *model.Set, r *report) {
	for _, o := range s.Objects {
		if p := placeOf(o); p != nil {
			p.Check(&strictCheck{r, o, map[object.Pos]bool{}})
		}
	}
}

// placeOf is the object, or the pod template of a workload whose own fields are not known, such
// as a Rollout: what is around that is taken to have the fields of a Deployment. It is nil for
// any other.
func placeOf(o *object.Object) *manifest.Place {
	if t := manifest.TypeOf(o.Get("apiVersion").Text(), o.Kind); t != nil {
		return manifest.Whole(o.Node(), t)
	}
	template := o.Get("spec", "template")
	if !model.IsWorkload(o) || !template.Present() || template.Node().Kind != document.MappingNode {
		return nil
	}
	deployment := manifest.TypeOf("apps/v1", "Deployment")
	spec := manifest.Whole(o.Node(), deployment).Below(document.Field{Key: o.Get("spec").Key(), Value: o.Get("spec").Node()})
	spec.Of = (*deployment)["spec"].Of
	p := spec.Below(document.Field{Key: template.Key(), Value: template.Node()})
	p.Of = (*spec.Of)["template"].Of
	return p
}
