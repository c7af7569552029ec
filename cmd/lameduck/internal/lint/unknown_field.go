package lint

import (
	"strings"

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
		c := strictCheck{r, o, map[object.Pos]bool{}}
		if t := manifest.TypeOf(o.Get("apiVersion").Text(), o.Kind); t != nil {
			c.fields(&part{Value: o.Value, of: t})
		} else if template := podTemplateOf(o); template != nil {
			c.fields(template)
		}
	}
}

// podTemplateOf is the pod template of a workload whose own fields are not known, such as
// a Rollout. What is around the template is taken to have the fields of a Deployment.
func podTemplateOf(o *object.Object) *part {
	template := o.Get("spec", "template")
	if !model.IsWorkload(o) || !template.Present() || template.Node().Kind != mappingNode {
		return nil
	}
	deployment := manifest.TypeOf("apps/v1", "Deployment")
	spec := (*deployment)["spec"].Of
	around := &part{o.Get("spec"), spec, "spec", &part{Value: o.Value, of: deployment}}
	return &part{template, (*spec)["template"].Of, "template", around}
}

// fields checks the fields of an object, and what is in them.
func (c *strictCheck) fields(p *part) {
	for name, v := range p.Fields() {
		field, known := (*p.of)[name]
		switch {
		case c.seen[v.Pos()] || !v.Present() && known || strings.HasPrefix(name, "$"): // $patch is a directive of kustomize
		case !known:
			c.seen[v.Pos()] = true
			c.unknown(p, name, v)
		case field.List:
			c.list(p, name, field, v)
		case field.Of != nil:
			if c.isA(p, name, v, v.Node().Kind == mappingNode, "fields") {
				c.fields(&part{v, field.Of, name, p})
			}
		default:
			c.scalar(p, name, field.Scalar, v)
		}
	}
}

// list checks the items of a list.
func (c *strictCheck) list(p *part, name string, field manifest.Field, v object.Value) {
	if !c.isA(p, name, v, v.Node().Kind == sequenceNode, "a list") {
		return
	}
	for _, item := range v.Items() {
		switch {
		case !item.Present():
		case field.Of == nil:
			c.scalar(p, name, field.Scalar, item)
		default:
			in := name
			if n := item.Get("name").Text(); n != "" {
				in += "[" + document.Display(n) + "]"
			}
			if c.isA(p, in, item, item.Node().Kind == mappingNode, "fields") {
				c.fields(&part{item, field.Of, in, p})
			}
		}
	}
}

// scalar checks a value that is no object. The type "map" is a mapping of texts.
func (c *strictCheck) scalar(p *part, name, want string, v object.Value) {
	if want == "map" {
		if c.isA(p, name, v, v.Node().Kind == mappingNode, "fields") {
			for key, entry := range v.Fields() {
				if entry.Present() {
					c.scalar(&part{v, nil, name, p}, key, "string", entry)
				}
			}
		}
		return
	}
	wrong, to := wrongType(v, want)
	if !wrong || replaced(v) || c.seen[v.Pos()] {
		return
	}
	c.seen[v.Pos()] = true
	f := c.add(c.object, v, "Kubernetes refuses the object: %s has to be %s, not %s", p.child(name), wantedType(want), describeScalar(v.Node()))
	switch {
	case to == nil:
		f.cure("write %s as %s", document.Display(name), wantedType(want))
	case want == "string":
		f.cure("put %s in quotes", document.Display(v.Text())).by(v, nil, to)
	default:
		f.cure("write %s without quotes: %v", document.Display(name), to).by(v, nil, to)
	}
}
