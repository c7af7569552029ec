package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// strictCheck reports what is wrong with the fields of one object.
type strictCheck struct {
	*report
	object *object.Object
	seen   map[object.Pos]bool // a place that several aliases lead to is one mistake
}

// value is what is at a place.
func (c *strictCheck) value(p *manifest.Place) object.Value {
	if p.Item >= 0 {
		return c.object.ValueOf(nil, p.Value)
	}
	return c.object.ValueOf(p.Key, p.Value)
}

// path names a place: spec.template.spec.containers[web].
func (c *strictCheck) path(p *manifest.Place) string {
	if p.Around == nil {
		return ""
	}
	path := c.child(p.Around, p.Key.Value)
	if name := c.value(p).Get("name").Text(); p.Item >= 0 && name != "" {
		path += "[" + document.Display(name) + "]"
	}
	return path
}

// child names a field of p.
func (c *strictCheck) child(p *manifest.Place, name string) string {
	return strings.TrimPrefix(c.path(p)+"."+document.Display(name), ".")
}

// first is true for the first mistake at the place of v.
func (c *strictCheck) first(v object.Value) bool {
	seen := c.seen[v.Pos()]
	c.seen[v.Pos()] = true
	return !seen
}

// Kind reports a value of another kind.
func (c *strictCheck) Kind(at *manifest.Place, want string) {
	if v := c.value(at); !replaced(v) && c.first(v) {
		c.add(c.object, v, "Kubernetes refuses the object: %s has to be %s, not %s", c.path(at), want, document.Describe(v.Node())).
			cure("write %s as %s", document.Display(at.Key.Value), want)
	}
}

// Scalar reports a value of another type.
func (c *strictCheck) Scalar(at *manifest.Place, want string) {
	v, name := c.value(at), document.Display(at.Key.Value)
	wrong, to := wrongType(v, want)
	if !wrong || replaced(v) || !c.first(v) {
		return
	}
	f := c.add(c.object, v, "Kubernetes refuses the object: %s has to be %s, not %s", c.path(at), wantedType(want), describeScalar(v.Node()))
	switch {
	case to == nil:
		f.cure("write %s as %s", name, wantedType(want))
	case want == "string":
		f.cure("put %s in quotes", document.Display(v.Text())).by(v, nil, to)
	default:
		f.cure("write %s without quotes: %v", name, to).by(v, nil, to)
	}
}

// replaced reports whether v has a placeholder that another program replaces before
// Kubernetes reads v, such as ${REPLICAS}.
func replaced(v object.Value) bool {
	n := v.Node()
	return n.Kind == document.ScalarNode && (strings.Contains(n.Value, "${") || strings.Contains(n.Value, "{{") || strings.HasPrefix(n.Value, "$"))
}
