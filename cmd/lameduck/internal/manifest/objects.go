package manifest

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// object is one Kubernetes object, its fields named from its own root.
type object struct {
	value
	kind, group, name, namespace string
}

// is reports whether o is a kind of that API group; "" is the core group.
// Without an apiVersion the kind is that of Kubernetes itself.
func (o object) is(group, kind string) bool {
	return o.kind == kind && (o.group == group || !o.get("apiVersion").present())
}

func (f *file) objects(data []byte) ([]object, error) {
	docs, err := f.documents(data)
	if err != nil {
		return nil, err
	}
	var list []object
	for _, doc := range docs {
		list = f.collect(list, value{file: f, node: doc})
	}
	if f.err != nil {
		return nil, f.templated(data, f.err)
	}
	if len(list) == 0 {
		return nil, hint.New(fmt.Errorf("%s: no Kubernetes object in it", f.name), "it needs a Deployment, StatefulSet or DaemonSet, and the Service in front of it")
	}
	return list, nil
}

// collect adds the object v to list, or the items of v if v is a List.
func (f *file) collect(list []object, v value) []object {
	if !v.present() {
		return list // "---" with nothing after it
	}
	v.path = ""
	kind := v.get("kind").required()
	if strings.HasSuffix(kind, "List") {
		for _, item := range v.get("items").items() {
			list = f.collect(list, item)
		}
		return list
	}
	group, _, found := strings.Cut(v.get("apiVersion").text(""), "/")
	if !found {
		group = "" // "v1" has none
	}
	meta := v.get("metadata")
	o := object{v, kind, group, meta.get("name").text(""), meta.get("namespace").text("default")}
	if o.is("", "Service") || o.is("", "ConfigMap") || o.is("", "Secret") {
		o.path = o.kind + "/" + o.name
	}
	return append(list, o)
}

// A Kubernetes object is at most 1.5 MiB in etcd.
const maxBytes = 4 << 20

func (f *file) documents(data []byte) ([]*document.Node, error) {
	if len(data) > maxBytes {
		return nil, hint.New(fmt.Errorf("%s: larger than %d MiB", f.name, maxBytes>>20),
			"give it the Deployment and its Service only")
	}
	docs, err := document.Read(f.name, document.Part{Line: 1, Text: data})
	return docs, f.templated(data, err)
}

// templated adds a hint to err if data looks like a Helm chart's template.
func (f *file) templated(data []byte, err error) error {
	if err == nil || !document.Templated(data) {
		return err
	}
	return hint.New(err, "a template has to be rendered first, as in: helm template CHART | lameduck verify -f - -- COMMAND")
}
