package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// ReadFile reads the manifest in the file of that path; "-" is the standard
// input. The errors are Read's, and the file system's.
func ReadFile(path string, want Choice) (*Workload, error) {
	if path == "-" {
		return Read("stdin", os.Stdin, want)
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, hint.New(err, "-f takes the path of a manifest, or - for the standard input")
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, hint.New(fmt.Errorf("%s: is a directory", path),
			"name one file, or render the directory first, as in: kubectl kustomize DIR | lameduck verify -f - -- COMMAND")
	}
	return Read(path, f, want)
}

// file is what is being read: the name it has in messages, the first thing
// found wrong in it, and what was read on the way.
type file struct {
	name      string
	err       error
	notes     []string
	positions map[string]Pos
}

// Read reads one workload, and the Service that selects its pods, from YAML
// or JSON with any number of documents and Lists. name is what messages call
// it: an error is one line, "name:line:column: what is wrong", and may carry
// a hint. More than 4 MiB, 100 levels or 100,000 aliased values are refused.
func Read(name string, r io.Reader, want Choice) (*Workload, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &file{name: name, positions: map[string]Pos{}}
	objects, err := f.objects(data)
	if err != nil {
		return nil, err
	}
	d, err := f.onlyWorkload(objects)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		f.strict(o)
	}
	w := f.workload(d, objects, want)
	if f.err != nil {
		return nil, f.err
	}
	return w, nil
}

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
		return list // "---" with nothing behind it
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

func (f *file) documents(data []byte) ([]*yaml.Node, error) {
	if len(data) > maxBytes {
		return nil, hint.New(fmt.Errorf("%s: larger than %d MiB", f.name, maxBytes>>20),
			"give it the Deployment and its Service only")
	}
	docs, err := document.Read(f.name, data, 1)
	return docs, f.templated(data, err)
}

// templated adds a hint to err if data looks like a Helm chart's template.
func (f *file) templated(data []byte, err error) error {
	if err == nil || !document.Templated(data) {
		return err
	}
	return hint.New(err, "a template has to be rendered first, as in: helm template CHART | lameduck verify -f - -- COMMAND")
}

// onlyWorkload is the one Deployment among objects, or else the one StatefulSet
// or DaemonSet.
func (f *file) onlyWorkload(objects []object) (object, error) {
	var deployments, others []object
	var kinds []string
	for _, o := range objects {
		switch {
		case o.is("apps", "Deployment"):
			deployments = append(deployments, o)
		case o.is("apps", "StatefulSet"), o.is("apps", "DaemonSet"):
			others = append(others, o)
		}
		if k := document.Display(o.kind); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	found := deployments
	if len(found) == 0 {
		found, others = others, nil
	}
	switch len(found) {
	case 0:
		return object{}, hint.New(fmt.Errorf("%s: no Deployment, StatefulSet or DaemonSet in it, only %s", f.name, document.Shorten(strings.Join(kinds, ", "))),
			"it needs one of apps/v1, and the Service in front of it")
	case 1:
		for _, o := range others {
			o.note("%s %s is not run, only Deployment %s is", o.kind, document.Display(o.name), document.Display(found[0].name))
		}
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, o := range found {
		names[i] = document.Display(o.name)
	}
	err := found[1].wrong("%d workloads in one file: %s", len(found), document.Shorten(strings.Join(names, ", ")))
	return object{}, hint.New(err, "put the one to run in a file of its own, with its Service")
}
