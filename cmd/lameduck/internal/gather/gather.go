// Package gather finds the manifests that arguments of the command line name, and
// reads the objects in them.
package gather

import (
	"context"
	"io"
	"os"
	"slices"
)

// Stdin is the argument that stands for standard input, and StdinName what messages
// call it.
const (
	Stdin     = "-"
	StdinName = "stdin"
)

// Read reads what the arguments name: files, folders with all that is in them, and
// standard input. The rest is read if one of them cannot be.
func Read(ctx context.Context, args []string, stdin io.Reader) *Manifests {
	m := &Manifests{}
	var all found
	for _, arg := range args {
		if arg == Stdin {
			m.readOnce(ctx, StdinName, func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil })
			continue
		}
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			m.unread(arg, err)
		case info.IsDir():
			all.add(walk(arg))
		default:
			all.named = append(all.named, arg)
		}
	}
	m.readFound(ctx, all)
	for i, err := range m.Unread {
		m.Unread[i] = advised(err)
	}
	return m
}

func (f *found) add(more found) {
	f.files = append(f.files, more.files...)
	f.charts = append(f.charts, more.charts...)
	f.kustomizations = append(f.kustomizations, more.kustomizations...)
	f.failed = append(f.failed, more.failed...)
}

// readFound reads every path once. The files of a kustomization are read as kustomize builds
// them, and by themselves only if an argument names them.
func (m *Manifests) readFound(ctx context.Context, all found) {
	for _, f := range all.failed {
		m.unread(f.path, f.err)
	}
	for _, folder := range unique(all.charts) {
		m.chart(ctx, folder)
	}
	used := m.kustomizations(ctx, unique(all.kustomizations))
	files := slices.DeleteFunc(all.files, func(path string) bool { return used[path] })
	for _, path := range unique(append(all.named, files...)) {
		if ctx.Err() != nil {
			return
		}
		m.readFile(ctx, path)
	}
}
