package images

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
	"golang.org/x/sync/errgroup"
)

// examplesRef is the name of the examples' image.
const examplesRef = "localhost/lameduck/examples:1"

// examples are the packages whose programs are in it, below examples/.
var examples = []string{"cmd/load", "http", "h2c", "tls", "grpc", "websocket", "sse", "longpoll", "tcp", "worker"}

// Examples makes one image of the example programs, each at the root under the
// last element of its path, and of the load that their clients put on them,
// which is its entrypoint. Compiling them needs modules from outside of this repository.
func Examples(ctx context.Context) (path, ref string, err error) {
	path, err = examplesArchive(ctx)
	if err != nil {
		return "", "", fmt.Errorf("image %s: %w", examplesRef, err)
	}
	return path, examplesRef, nil
}

func examplesArchive(ctx context.Context) (string, error) {
	tag, err := name.NewTag(examplesRef)
	if err != nil {
		return "", err
	}
	files, err := compileExamples(ctx)
	if err != nil {
		return "", err
	}
	image := oci.Image{
		Tag:        tag,
		Entrypoint: []string{"/load"},
		Ports:      []int{8080},
		Labels:     map[string]string{"org.opencontainers.image.description": "The examples, under trial by their clients"},
	}
	arch := oci.Arch{Name: runtime.GOARCH, Files: files}
	return cached("examples", func(path string) error { return write(path, image, arch) }, image, arch)
}

// compileExamples compiles them all, one for each processor at a time.
func compileExamples(ctx context.Context) ([]oci.File, error) {
	files := make([]oci.File, len(examples))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, example := range examples {
		group.Go(func() error {
			p := oci.Program{Package: "github.com/lameduck-dev/lameduck/examples/" + example, File: path.Base(example)}
			var output bytes.Buffer
			built, err := p.Build(ctx, &output, runtime.GOARCH)
			if err != nil {
				return fmt.Errorf("%w\n%s", err, &output)
			}
			files[i] = built[0].Files[0]
			return nil
		})
	}
	return files, group.Wait()
}
