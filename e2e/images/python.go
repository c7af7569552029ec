package images

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

// pythonRef is the name of Python's image.
const pythonRef = "localhost/lameduck/python:1"

//go:embed python/server.py
var pythonServer []byte

// Python makes an image of Debian's python3 with a threaded HTTP server on
// :8080. Its entrypoint takes a mode: drain, the default, finishes its requests and exits
// a few seconds after SIGTERM, which drops nothing after a preStop sleep; ignore never
// exits. Making the image needs Debian, with its package lists fetched.
func Python(ctx context.Context) (path, ref string, err error) {
	path, err = python(ctx)
	if err != nil {
		return "", "", fmt.Errorf("image %s: %w", pythonRef, err)
	}
	return path, pythonRef, nil
}

func python(ctx context.Context) (string, error) {
	tag, err := name.NewTag(pythonRef)
	if err != nil {
		return "", err
	}
	packages, interpreter, err := pythonPackages(ctx)
	if err != nil {
		return "", err
	}
	versions, err := locate(ctx, packages)
	if err != nil {
		return "", err
	}
	image := oci.Image{
		Tag:        tag,
		Entrypoint: []string{"/usr/bin/" + interpreter, "/server.py"},
		Env:        []string{"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"},
		Ports:      []int{8080},
		Labels:     map[string]string{"org.opencontainers.image.description": "A server in Python, under trial"},
	}
	build := func(path string) error {
		files, err := pythonFiles(ctx, packages)
		if err != nil {
			return err
		}
		return write(path, image, oci.Arch{Name: runtime.GOARCH, Files: files})
	}
	return cached("python", build, pythonRef, image, versions, pythonServer, unwanted)
}

// pythonPackages are the packages that a server takes, without what Debian
// wants beside them: an interpreter, its modules, and the libraries that it is
// linked to. Modules of libraries that are not there cannot be imported.
func pythonPackages(ctx context.Context) (packages []string, interpreter string, err error) {
	depends, err := dependsOn(ctx, "python3-minimal")
	if err != nil {
		return nil, "", err
	}
	for _, pkg := range depends {
		if name, ok := strings.CutSuffix(pkg, "-minimal"); ok {
			interpreter = name
		}
	}
	if interpreter == "" {
		return nil, "", errors.New("python3-minimal depends on no interpreter\nhint: apt-get update fetches the package lists")
	}
	packages = []string{interpreter + "-minimal", "lib" + interpreter + "-minimal", "lib" + interpreter + "-stdlib", "libc6"}
	libraries, err := dependsOn(ctx, interpreter+"-minimal", "lib"+interpreter+"-minimal", "libc6")
	if err != nil {
		return nil, "", err
	}
	packages = append(packages, libraries...)
	slices.Sort(packages)
	return slices.Compact(packages), interpreter, nil
}

// pythonFiles downloads the packages and reads what a server takes of them.
func pythonFiles(ctx context.Context, packages []string) ([]oci.File, error) {
	dir, err := os.MkdirTemp("", "lameduck-python-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	archives, err := download(ctx, dir, packages)
	if err != nil {
		return nil, err
	}
	files := []oci.File{
		{Name: "server.py", Mode: 0o444, Data: pythonServer},
		{Name: "lib", Link: "usr/lib"},
		{Name: "lib64", Link: "usr/lib64"},
	}
	for _, archive := range archives {
		some, err := readPackage(ctx, archive, wanted)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	return files, nil
}

// unwanted are patterns of what a server in Python does without: the texts,
// the character sets, and Python's own tests and larger tools.
var unwanted = []string{
	"usr/share/*", "usr/lib/*/gconv/*", "usr/lib/*/perl*", "etc/*",
	"usr/lib/python3*/lib2to3/*", "usr/lib/python3*/pydoc_data/*", "usr/lib/python3*/unittest/*",
	"usr/lib/python3*/lib-dynload/*test*", "usr/lib/python3*/lib-dynload/_codecs_*",
}

func wanted(name string) bool {
	for _, pattern := range unwanted {
		for part := name; part != "."; part = path.Dir(part) {
			if ok, _ := path.Match(pattern, part); ok {
				return false
			}
		}
	}
	return true
}
