package oci

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// WriteArchive writes index, named tag, as a tar of an OCI image layout to
// path, all or nothing. ctr, podman, skopeo, docker load and kind load
// image-archive read it.
func WriteArchive(path string, index v1.ImageIndex, tag name.Tag) error {
	dir, err := os.MkdirTemp("", "lameduck-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeLayout(dir, index, tag); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".image-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there's nothing left to remove
	w := tar.NewWriter(f)
	if err := errors.Join(pack(w, dir), w.Close(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeLayout(dir string, index v1.ImageIndex, tag name.Tag) error {
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	err = l.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": tag.TagStr(),
		"io.containerd.image.name":          fullName(tag),
	}))
	if err != nil {
		return err
	}
	return dockerManifest(filepath.Join(dir, "manifest.json"), index, tag)
}

// fullName is the name a container runtime gives the image. It has no
// "index." in front of the default registry, which this library adds.
func fullName(tag name.Tag) string { return strings.TrimPrefix(tag.Name(), "index.") }

// dockerManifest adds what docker load looks for when it does not read OCI
// layouts: one image, for this machine's kind of processor if there is one.
func dockerManifest(path string, index v1.ImageIndex, tag name.Tag) error {
	manifests, err := index.IndexManifest()
	if err != nil {
		return err
	}
	chosen := manifests.Manifests[0]
	for _, m := range manifests.Manifests {
		if m.Platform.Architecture == runtime.GOARCH {
			chosen = m
		}
	}
	img, err := index.Image(chosen.Digest)
	if err != nil {
		return err
	}
	m, err := img.Manifest()
	if err != nil {
		return err
	}
	data, err := json.Marshal([]map[string]any{{
		"Config":   blob(m.Config),
		"RepoTags": []string{tag.String()},
		"Layers":   []string{blob(m.Layers[0])},
	}})
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func blob(d v1.Descriptor) string { return "blobs/" + d.Digest.Algorithm + "/" + d.Digest.Hex }

// pack adds every file under dir, in the order of their names.
func pack(w *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return addEntry(w, File{Name: filepath.ToSlash(rel), Mode: 0o644, Data: data})
	})
}
