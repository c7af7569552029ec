package lint

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

const (
	mappingNode  = document.MappingNode
	sequenceNode = document.SequenceNode
	scalarNode   = document.ScalarNode
)

// strictCheck checks the fields of one object.
type strictCheck struct {
	*report
	object *object.Object
	seen   map[object.Pos]bool // a place that several aliases lead to is one mistake
}

// part is a mapping within the object, with its type and what is around it.
type part struct {
	object.Value
	of     *manifest.Type
	name   string // of its field, with the name or index of an item; "" for the object itself
	around *part
}

// String is its path: spec.template.spec.containers[web].
func (p *part) String() string {
	switch {
	case p.around == nil:
		return ""
	case p.around.around == nil:
		return p.name
	}
	return p.around.String() + "." + p.name
}

// isA returns ok; where that is false it reports that the value has to be of another kind.
func (c *strictCheck) isA(p *part, name string, v object.Value, ok bool, want string) bool {
	if !ok && !c.seen[v.Pos()] && !replaced(v) {
		c.seen[v.Pos()] = true
		c.add(c.object, v, "Kubernetes refuses the object: %s has to be %s, not %s", p.child(name), want, document.Describe(v.Node())).
			cure("write %s as %s", name, want)
	}
	return ok
}

// child is the path of a field.
func (p *part) child(name string) string {
	return (&part{name: document.Display(name), around: p}).String()
}

// replaced reports whether v has a placeholder that another program replaces before
// Kubernetes reads v, such as ${REPLICAS}.
func replaced(v object.Value) bool {
	n := v.Node()
	return n.Kind == document.ScalarNode && (strings.Contains(n.Value, "${") || strings.Contains(n.Value, "{{") || strings.HasPrefix(n.Value, "$"))
}
