package manifest

import (
	"cmp"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// strict refuses a field of o that Kubernetes does not have, if it is one that
// Kubernetes has under a similar name or in another place: kubectl and the API
// server refuse it too. Any other unknown field may be of a newer Kubernetes
// and gets a note.
func (f *file) strict(o object) {
	for _, kind := range []struct{ group, name string }{
		{"apps", "Deployment"}, {"apps", "StatefulSet"}, {"apps", "DaemonSet"}, {"", "Service"}, {"", "ConfigMap"}, {"", "Secret"},
	} {
		if o.is(kind.group, kind.name) {
			(&place{value: o.value, fields: kubernetes()[o.kind]}).check()
		}
	}
}

// place is an object within a manifest, and the object around it.
type place struct {
	value
	fields *objectType
	around *place
}

func (p *place) check() {
	if !p.present() {
		return
	}
	switch node := document.Deref(p.node); node.Kind {
	case yaml.SequenceNode:
		for _, item := range p.items() {
			(&place{item, p.fields, p.around}).check()
		}
	case yaml.MappingNode:
		for _, f := range p.value.fields() {
			p.checkField(f)
		}
	}
}

func (p *place) checkField(f document.Field) {
	name := f.Key.Value
	within, known := (*p.fields)[name]
	child := value{file: p.file, node: f.Value, path: join(p.path, name)}
	if !known {
		child.node = f.Key // the position of the name, not of what it has
		p.unknown(child, name)
		return
	}
	if within != nil {
		(&place{child, within, p}).check()
	}
}

func (p *place) unknown(v value, name string) {
	advice := ""
	if similar, distance := p.fields.closest(name); distance <= 1 {
		advice = "did you mean " + similar + "?"
	} else if where := p.elsewhere(name); where != "" {
		advice = name + " is a field of " + where
	} else if distance <= len(name)/4 {
		advice = "did you mean " + similar + "?"
	}
	if advice == "" {
		v.note("%s is not a field of Kubernetes that this tool knows; it has no effect here", document.Shorten(document.OneLine(v.path)))
		return
	}
	v.failHint(advice, "Kubernetes has no field of this name here")
}

// closest is the field with the most similar name, and in how many letters it
// differs.
func (t *objectType) closest(name string) (field string, distance int) {
	return hint.Similar(name, slices.Sorted(maps.Keys(*t)))
}

// elsewhere is the path of the nearest object that has a field of that name:
// one around p, or else one within it.
func (p *place) elsewhere(name string) string {
	for outer := p.around; outer != nil; outer = outer.around {
		if _, has := (*outer.fields)[name]; has {
			return cmp.Or(outer.path, "the "+outer.get("kind").text("object")+" itself")
		}
	}
	if path := p.fields.pathTo(name); path != "" {
		return join(p.path, path)
	}
	return ""
}

// pathTo is the shortest path to an object within t that has the field.
func (t *objectType) pathTo(name string) string {
	type reached struct {
		path string
		*objectType
	}
	seen := map[*objectType]bool{t: true}
	for queue := []reached{{"", t}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if _, has := (*at.objectType)[name]; has {
			return at.path
		}
		for _, field := range slices.Sorted(maps.Keys(*at.objectType)) {
			if next := (*at.objectType)[field]; next != nil && !seen[next] {
				seen[next] = true
				queue = append(queue, reached{join(at.path, field), next})
			}
		}
	}
	return ""
}
