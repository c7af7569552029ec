package object

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Object is one Kubernetes object.
type Object struct {
	Value
	Group, Kind     string // Group is "" for the core group
	Name, Namespace string // Namespace is "default" where the file has none
}

func newObject(v Value, kind, apiVersion string) *Object {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = "" // "v1" has none
	}
	meta := v.Get("metadata")
	o := &Object{v, group, kind, meta.Get("name").Text(), meta.Get("namespace").Text()}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	if o.Name == "" {
		o.Name = meta.Get("generateName").Text()
	}
	return o
}

// Is reports whether o is a kind of that API group; "" is the core group.
func (o *Object) Is(group, kind string) bool { return o.Kind == kind && o.Group == group }

// String is "Deployment web", with the namespace where it is not the default one.
func (o *Object) String() string {
	name := document.Display(o.Name)
	if o.Namespace != "default" {
		name = document.Display(o.Namespace + "/" + o.Name)
	}
	return document.Display(o.Kind) + " " + name
}

// ValueOf is the value of a node that o has; key is that of its name, nil for an item of a list.
func (o *Object) ValueOf(key, node *document.Node) Value {
	return Value{file: o.file, node: node, key: key}
}

// Annotation is the value of that annotation, "" if o has none.
func (o *Object) Annotation(name string) Value {
	return o.Get("metadata", "annotations").Field(name)
}

// Labels are the entries of a mapping of texts.
func (v Value) Labels() map[string]string {
	labels := map[string]string{}
	for name, value := range v.Fields() {
		labels[name] = value.Text()
	}
	return labels
}
