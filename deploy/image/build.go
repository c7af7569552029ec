package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// epoch stands for every time in the image, so that the digest depends on
// nothing but the content.
var epoch = time.Unix(0, 0).UTC()

// build makes an index with one image per platform.
func build(ctx context.Context, pkg string, platforms []string, tag name.Tag, stderr io.Writer) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, text := range platforms {
		goos, arch, _ := strings.Cut(text, "/")
		if goos != "linux" || arch == "" || strings.Contains(arch, "/") {
			return nil, advised{fmt.Errorf("platform %q is not linux/ARCH", text), "as in: -platforms linux/amd64,linux/arm64"}
		}
		binary, err := compile(ctx, pkg, arch, stderr)
		if err != nil {
			return nil, err
		}
		img, err := wrap(binary, arch, tag)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: goos, Architecture: arch}},
		})
	}
	return index, nil
}

// compile builds a static binary that is the same wherever it's built: no
// paths and no state of a checkout in it.
func compile(ctx context.Context, pkg, arch string, stderr io.Writer) ([]byte, error) {
	dir, err := os.MkdirTemp("", "lameduck-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "app")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = stderr, stderr
	if err := cmd.Run(); err != nil {
		return nil, advised{fmt.Errorf("go build %s for linux/%s: %w", pkg, arch, err), "run it from the root of the repository; -package takes a main package"}
	}
	binary, err := os.ReadFile(out)
	if err != nil || !bytes.HasPrefix(binary, []byte("\x7fELF")) {
		return nil, advised{fmt.Errorf("go build %s made no program", pkg), "-package takes one main package"}
	}
	return binary, nil
}

// wrap makes an image of one layer from scratch that runs binary as nobody
// in particular.
func wrap(binary []byte, arch string, tag name.Tag) (v1.Image, error) {
	layer, err := appLayer(binary)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS:           "linux",
		Architecture: arch,
		Created:      v1.Time{Time: epoch},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint:   []string{"/app"},
			User:         "65532:65532",
			ExposedPorts: map[string]struct{}{"8080/tcp": {}},
			Labels: map[string]string{
				"org.opencontainers.image.title":    path.Base(tag.RepositoryStr()),
				"org.opencontainers.image.source":   "https://github.com/lameduck-dev/lameduck",
				"org.opencontainers.image.licenses": "MIT",
			},
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(img, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "go build"},
	})
}

// appLayer holds /app, which belongs to root and which nobody can write.
func appLayer(binary []byte) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := addFile(w, "app", 0o555, binary); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
}

func addFile(w *tar.Writer, name string, mode int64, data []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data)), ModTime: epoch, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}
