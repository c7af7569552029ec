package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

const tiny = "./testdata/tiny"

// image runs the command, and returns what it wrote to its standard output.
func image(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}

// entries are the files of an archive.
func entries(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

func parseJSON[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return v
}

func TestSameSourceSameArchive(t *testing.T) {
	var archives [2][]byte
	var digests [2]string
	for i := range archives {
		path := filepath.Join(t.TempDir(), "dist", "app.tar")
		digests[i] = image(t, "-o", path, "-package", tiny)
		var err error
		if archives[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("beside the archive: %v", left)
		}
	}
	if digests[0] != digests[1] || !bytes.Equal(archives[0], archives[1]) {
		t.Errorf("two builds differ: %s, %s", digests[0], digests[1])
	}
}

// TestSameSourceSameTool builds the tool twice. Tests of the tool's image
// compile all of it once more, so only make e2e, which has built that image,
// runs them; the image builder itself is tested with the programs below.
func TestSameSourceSameTool(t *testing.T) {
	t.Chdir("../..")
	one, two := digest(t, tool(t)), digest(t, tool(t))
	if one != two {
		t.Errorf("two builds differ: %s, %s", one, two)
	}
}

// tool is the image that -package ./cmd/lameduck makes, for this machine. It
// is not compressed: the tool is large, and the race detector slow.
func tool(t *testing.T) v1.Image {
	t.Helper()
	if os.Getenv("E2E") == "" {
		t.Skip("make e2e tests the tool's image (E2E=1)")
	}
	program := config{pkg: "./cmd/lameduck"}.program()
	tag, err := fixedTag(program.Tag)
	if err != nil {
		t.Fatal(err)
	}
	built, err := program.Build(t.Context(), t.Output(), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	plain := program.Image(tag)
	plain.Plain = true
	index, err := plain.Index(built...)
	if err != nil {
		t.Fatal(err)
	}
	return first(t, index)
}

func digest(t *testing.T, img v1.Image) v1.Hash {
	t.Helper()
	d, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// first is the image for the first platform of an index.
func first(t *testing.T, index v1.ImageIndex) v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestArchiveIsALayoutAndADockerArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.tar")
	digest := image(t, "-o", path, "-package", tiny, "-tag", "shop:1.2.3")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := entries(t, bytes.NewReader(data))
	if string(files["oci-layout"]) == "" {
		t.Error("no oci-layout")
	}
	top := parseJSON[v1.IndexManifest](t, files["index.json"]).Manifests[0]
	if top.Digest.String() != digest || top.Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
		t.Errorf("index.json has %+v, want %s", top, digest)
	}
	if full := top.Annotations["io.containerd.image.name"]; !strings.HasSuffix(full, "/library/shop:1.2.3") || strings.HasPrefix(full, "index.") {
		t.Errorf("containerd would call it %q", full)
	}
	var platforms []string
	for _, m := range parseJSON[v1.IndexManifest](t, files[blob(top.Digest)]).Manifests {
		platforms = append(platforms, m.Platform.String())
		if files[blob(m.Digest)] == nil {
			t.Errorf("no manifest of %v", m.Platform)
		}
	}
	if strings.Join(platforms, " ") != "linux/amd64 linux/arm64" {
		t.Errorf("platforms %v", platforms)
	}
	tag, err := fixedTag("shop:1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	docker, err := tarball.ImageFromPath(path, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(docker); err != nil {
		t.Error(err)
	}
}

// blob is where a layout keeps what has this digest.
func blob(d v1.Hash) string { return "blobs/" + d.Algorithm + "/" + d.Hex }

// TestExampleApp pushes the example app to a registry and looks at what
// comes back.
func TestExampleApp(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	t.Chdir("../..")
	target := strings.TrimPrefix(server.URL, "http://") + "/app:1.2.3"
	digest := image(t, "-push", target, "-platforms", "linux/"+runtime.GOARCH)

	ref, err := name.ParseReference(target)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := index.Digest(); err != nil || got.String() != digest {
		t.Errorf("pushed %s, pulled %s, %v", digest, got, err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	img := first(t, index)
	checkConfig(t, img, oci.App, "graceful-shutdown-app", map[string]struct{}{"8080/tcp": {}})
	checkLayer(t, img, "app", 7_000_000)
}

func TestTool(t *testing.T) {
	t.Chdir("../..")
	img := tool(t)
	checkConfig(t, img, oci.Tool, "lameduck", nil)
	checkLayer(t, img, "lameduck", 64_000_000)
}

func checkConfig(t *testing.T, img v1.Image, p oci.Program, title string, ports map[string]struct{}) {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := file.Config
	if c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/" + p.File}) || file.Architecture != runtime.GOARCH {
		t.Errorf("config %+v of %s", c, file.Architecture)
	}
	if c.Labels["org.opencontainers.image.title"] != title || c.Labels["org.opencontainers.image.version"] != "1.0.0" {
		t.Errorf("labels %v", c.Labels)
	}
	if !maps.Equal(c.ExposedPorts, ports) {
		t.Errorf("ports %v, want %v", c.ExposedPorts, ports)
	}
	if file.Created.Unix() != 0 {
		t.Errorf("created %v", file.Created)
	}
}

// checkLayer wants one layer with one file, and one that is not too large.
func checkLayer(t *testing.T, img v1.Image, program string, limit int64) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	archive := tar.NewReader(content)
	h, err := archive.Next()
	if err != nil {
		t.Fatal(err)
	}
	if h.Name != program || h.Mode != 0o555 || h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 {
		t.Errorf("the layer begins with %+v", h)
	}
	if h.Size >= limit {
		t.Errorf("/%s has %d bytes, want less than %d", program, h.Size, limit)
	}
	compressed, err := layers[0].Size()
	t.Logf("/%s: %d bytes, compressed %d, %v", program, h.Size, compressed, err)
	if h, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("behind /%s: %+v, %v", program, h, err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "app.tar")
	broken := filepath.Join(dir, "broken.go")
	if err := os.WriteFile(broken, []byte("package main\nfunc main() { nope() }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, test := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"nothing to do":  {nil, 2, "give -o FILE or -push IMAGE"},
		"unknown flag":   {[]string{"-x"}, 2, "not defined: -x"},
		"help":           {[]string{"-h"}, 0, "-platforms"},
		"no tag":         {[]string{"-o", out, "-tag", "shop"}, 3, "image: image name \"shop\" has no tag\nhint: as in: graceful-shutdown-app:1.0.0\n"},
		"bad name":       {[]string{"-o", out, "-tag", "Shop:1"}, 3, "image: bad image name \"Shop:1\"\nhint: "},
		"bad platform":   {[]string{"-o", out, "-platforms", "linux"}, 3, "image: platform \"linux\" is not linux/ARCH\nhint: "},
		"no such CPU":    {[]string{"-o", out, "-package", tiny, "-platforms", "linux/z80"}, 3, "image: go build ./testdata/tiny for linux/z80: exit status"},
		"does not build": {[]string{"-o", out, "-package", broken}, 3, "undefined: nope"},
		"not a program":  {[]string{"-o", out, "-package", "io", "-platforms", "linux/" + runtime.GOARCH}, 3, "image: go build io made no program\nhint: "},
		"no directory":   {[]string{"-o", broken + "/app.tar", "-package", tiny, "-platforms", "linux/" + runtime.GOARCH}, 3, "not a directory\n"},
		"no registry": {[]string{"-push", strings.TrimPrefix(closed.URL, "http://") + "/a:1", "-package", tiny, "-platforms", "linux/" + runtime.GOARCH}, 3,
			"hint: check the name, and log in to the registry first"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := exitCode(run(t.Context(), test.args, io.Discard, &stderr), &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit %d, want %d, and %q in\n%s", code, test.code, test.stderr, &stderr)
			}
		})
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
