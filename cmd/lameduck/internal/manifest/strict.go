package manifest

import (
	"cmp"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
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
	fields *Type
	around *place
}

func (p *place) check() {
	if !p.present() {
		return
	}
	switch node := document.Deref(p.node); node.Kind {
	case document.SequenceNode:
		for _, item := range p.items() {
			(&place{item, p.fields, p.around}).check()
		}
	case document.MappingNode:
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
	if within.Of != nil {
		(&place{child, within.Of, p}).check()
	}
}

func (p *place) unknown(v value, name string) {
	similar, sure := p.fields.Similar(name)
	advice := ""
	switch where := p.elsewhere(name); {
	case !sure && where != "":
		advice = name + " is a field of " + where
	case similar != "":
		advice = "did you mean " + similar + "?"
	}
	if advice == "" {
		v.note("%s is not a field of Kubernetes that this tool knows; it has no effect here", document.Shorten(document.OneLine(v.path)))
		return
	}
	v.failHint(advice, "Kubernetes has no field of this name here")
}

// elsewhere is the path of the nearest object that has a field of that name:
// one around p, or else one within it.
func (p *place) elsewhere(name string) string {
	for outer := p.around; outer != nil; outer = outer.around {
		if _, has := (*outer.fields)[name]; has {
			return cmp.Or(outer.path, "the "+outer.get("kind").text("object")+" itself")
		}
	}
	if path := p.fields.PathTo(name); path != nil {
		return join(p.path, strings.Join(path, "."))
	}
	return ""
}
