package gather

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// kustomizations builds the kustomizations of the folders, except those that are a base of
// another one, and returns the files that belong to any of them.
func (m *Manifests) kustomizations(ctx context.Context, folders []string) (used map[string]bool) {
	t := tree{all: map[string]*kustomization{}, isBase: map[string]bool{}}
	for _, folder := range folders {
		t.read(folder)
	}
	used = map[string]bool{}
	for _, k := range t.all {
		for _, file := range k.files {
			used[file] = true
		}
	}
	for _, folder := range folders {
		if !t.isBase[folder] {
			m.kustomize(ctx, t.all[folder])
		}
	}
	return used
}

// tree is kustomizations and what they have as their bases.
type tree struct {
	all    map[string]*kustomization // by their folders
	isBase map[string]bool
}

// read reads the kustomization of a folder and its bases. The files of its bases belong to
// it as well. A circle of bases is left for kustomize to report.
func (t *tree) read(folder string) *kustomization {
	k := t.all[folder]
	if k != nil {
		return k
	}
	k = readKustomization(folder)
	t.all[folder], k.reading = k, true
	defer func() { k.reading = false }()
	for _, base := range k.folders {
		if t.all[base] != nil && t.all[base].reading {
			continue // a circle
		}
		below := t.read(base)
		t.isBase[base] = true
		k.files = append(k.files, below.files...)
		k.remote = cmp.Or(k.remote, below.remote)
		k.err = cmp.Or(k.err, below.err)
	}
	return k
}

// kustomize builds a kustomization.
func (m *Manifests) kustomize(ctx context.Context, k *kustomization) {
	path := filepath.Join(k.folder, k.name)
	if k.component {
		m.skip(path, 1, "a Component, which is part of the kustomizations that name it")
		return
	}
	if k.remote != "" {
		m.skip(path, 1, "a kustomization with "+k.remote+", which is not fetched: kustomize build DIR | lameduck lint -")
		return
	}
	for _, file := range k.files { // kustomize has no bounds of its own
		if _, err := readSafely(file); err != nil && isManifest(file) {
			k.err = errors.Join(k.err, err)
		}
	}
	if k.err != nil {
		m.Unread = append(m.Unread, k.err)
		return
	}
	text, from, err := buildKustomization(ctx, k.folder)
	switch {
	case errors.Is(err, errNoKustomize):
		m.skip(path, 1, "a kustomization, and there is neither kustomize nor kubectl in PATH: kustomize build DIR | lameduck lint -")
		return
	case err != nil:
		m.unread(path, hint.New(err, "kubectl kustomize "+k.folder+" shows the same error"))
		return
	}
	f := &object.File{Name: path, Data: text}
	m.build(ctx, f, "", func(at object.Pos) (Place, bool) { return m.kustomized(k, from, f, at) })
}
