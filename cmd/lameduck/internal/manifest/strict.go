package manifest

import (
	"cmp"
	"fmt"
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
		if o.is(kind.group, kind.name) && document.Deref(o.node).Kind == document.MappingNode {
			Whole(o.node, kubernetes()[o.kind]).Check(unknownFields{o})
		}
	}
}

// unknownFields reports those of an object. That a value is of another kind is found where it
// is read.
type unknownFields struct{ object }

func (unknownFields) Kind(*Place, string)   {}
func (unknownFields) Scalar(*Place, string) {}

func (o unknownFields) Unknown(at *Place) {
	name := at.Key.Value
	v := value{file: o.file, node: at.Key, path: o.pathOf(at)} // the position of the name, not of what it has
	similar, sure := at.Around.Of.Similar(name)
	advice := ""
	switch where := o.elsewhere(at.Around, name); {
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
func (o unknownFields) elsewhere(p *Place, name string) string {
	if outer := p.Outside(name); outer != nil {
		return cmp.Or(o.pathOf(outer), "the "+o.kind+" itself")
	}
	if path := p.Of.PathTo(name); path != nil {
		return join(o.pathOf(p), strings.Join(path, "."))
	}
	return ""
}

func (o unknownFields) pathOf(p *Place) string {
	if p.Around == nil {
		return o.path
	}
	path := join(o.pathOf(p.Around), p.Key.Value)
	if p.Item >= 0 {
		path += fmt.Sprintf("[%d]", p.Item)
	}
	return path
}
