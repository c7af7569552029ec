package gather

import (
	"path/filepath"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Sets are the objects that belong together: those of each build, and those of all files.
// A cluster has one object of a name. So where several files have the same object, only
// files of the same folder belong together, and where a folder has it several times, each
// of its files is a set of its own.
func (m *Manifests) Sets() (sets [][]*object.Packed) {
	built := map[*object.Packed]bool{}
	for _, b := range m.builds {
		sets = append(sets, b.objects)
		for _, o := range b.objects {
			built[o] = true
		}
	}
	var files []*object.Packed
	for _, o := range m.Objects {
		if !built[o] {
			files = append(files, o)
		}
	}
	folder := func(o *object.Packed) string { return filepath.Dir(o.File().Name) }
	for _, of := range apart(files, folder) {
		sets = append(sets, apart(of, func(o *object.Packed) string { return o.File().Name })...)
	}
	return sets
}

// identity is what only one object of a cluster has.
type identity struct{ group, kind, namespace, name string }

// apart are the objects as one set or, if two of them have the same identity, as one set
// for each key.
func apart(objects []*object.Packed, key func(*object.Packed) string) [][]*object.Packed {
	seen := make(map[identity]bool, len(objects))
	twice := false
	for _, o := range objects {
		group, kind := o.Kind()
		id := identity{group, kind, o.Namespace, o.Name}
		twice = twice || seen[id] && o.Name != ""
		seen[id] = true
	}
	if !twice {
		return [][]*object.Packed{objects}
	}
	var order []string
	by := map[string][]*object.Packed{}
	for _, o := range objects {
		k := key(o)
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], o)
	}
	sets := make([][]*object.Packed, len(order))
	for i, k := range order {
		sets[i] = by[k]
	}
	return sets
}
