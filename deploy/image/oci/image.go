// Package oci makes container images and archives of them, without Docker and
// without a registry: one layer from scratch for each platform, under one
// index. The same content, made with the same Go, has the same digest.
package oci

import (
	"fmt"
	"maps"
	"path"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// User is the user of every image, and its group: one without a name. By
// number, for Kubernetes cannot tell whether a name is root's.
const User = "65532:65532"

// epoch stands for every time in an image, so that the digest depends on
// nothing but the content.
var epoch = time.Unix(0, 0).UTC()

// An Image is what an image declares about itself, the same for every platform.
type Image struct {
	Tag        name.Tag
	Entrypoint []string
	Env        []string          // NAME=value
	Ports      []int             // TCP ports it listens on
	Labels     map[string]string // beside the title and the version, which come from Tag
	Plain      bool              // not compressed: for an archive that does not travel
}

// An Arch is the content of an image for linux on one kind of processor, by
// Go's name of it.
type Arch struct {
	Name  string
	Files []File
}

// Index makes the image for each of archs. Its files belong to root, who
// never runs.
func (i Image) Index(archs ...Arch) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range archs {
		img, err := i.on(arch)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch.Name}},
		})
	}
	return index, nil
}

func (i Image) on(arch Arch) (v1.Image, error) {
	layer, err := newLayer(arch.Files, i.Plain)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS:           "linux",
		Architecture: arch.Name,
		Created:      v1.Time{Time: epoch},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint:   i.Entrypoint,
			Env:          i.Env,
			User:         User,
			ExposedPorts: exposed(i.Ports),
			Labels:       i.labels(),
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(img, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "lameduck/deploy/image"},
	})
}

func exposed(ports []int) map[string]struct{} {
	set := map[string]struct{}{}
	for _, port := range ports {
		set[fmt.Sprintf("%d/tcp", port)] = struct{}{}
	}
	return set
}

// labels are those of the Open Containers image specification.
func (i Image) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":   path.Base(i.Tag.RepositoryStr()),
		"org.opencontainers.image.version": i.Tag.TagStr(),
	}
	maps.Copy(labels, i.Labels)
	return labels
}
