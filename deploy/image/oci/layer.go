package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A File is a regular file of an image or, if Link is not empty, a symbolic
// link to there.
type File struct {
	Name string      // slashes between its parts, and none in front
	Mode fs.FileMode // permissions
	Data []byte
	Link string
}

// newLayer holds files in their order, each behind its folders. A plain one is
// not compressed.
func newLayer(files []File, plain bool) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	folders := map[string]bool{".": true}
	for _, f := range files {
		if !fs.ValidPath(f.Name) {
			return nil, fmt.Errorf("a file of an image cannot be called %q", f.Name)
		}
		if err := addFolders(w, path.Dir(f.Name), folders); err != nil {
			return nil, err
		}
		if err := addEntry(w, f); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if plain {
		return static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer), nil
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
}

// addFolders adds dir and what it is in, unless they are among those there
// already.
func addFolders(w *tar.Writer, dir string, there map[string]bool) error {
	if there[dir] {
		return nil
	}
	there[dir] = true
	if err := addFolders(w, path.Dir(dir), there); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: epoch, Format: tar.FormatUSTAR})
}

func addEntry(w *tar.Writer, f File) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: f.Name, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)),
		ModTime: epoch, Format: tar.FormatUSTAR,
	}
	if f.Link != "" {
		header.Typeflag, header.Linkname = tar.TypeSymlink, f.Link
	}
	if err := w.WriteHeader(header); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	_, err := w.Write(f.Data)
	return err
}
