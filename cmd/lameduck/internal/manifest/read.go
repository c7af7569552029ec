package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

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
