// Package images makes the images that the e2e tests load into a cluster, as
// archives that ctr, kind and docker read, for the processor of this machine.
// All run as a user that is not root on a root that cannot be written, and so
// in namespaces whose Pod Security level is restricted.
//
// An archive is made once, and kept in the user's cache folder under a name
// that comes from its content.
package images

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

// server is e2e/server, whose first argument names the server to run.
var server = oci.Program{
	Package:     "github.com/lameduck-dev/lameduck/e2e/server",
	Tag:         "localhost/lameduck/server:1",
	File:        "server",
	Description: "The servers under trial",
	Ports:       []int{8080},
}

// App makes the image of the example app, as make image does, and returns the archive's path and the image's name.
func App(ctx context.Context) (path, ref string, err error) { return program(ctx, oci.App) }

// Tool makes the image of the lameduck command.
func Tool(ctx context.Context) (path, ref string, err error) { return program(ctx, oci.Tool) }

// Server makes the image of e2e/server. Its entrypoint takes the name of the
// server to be: default, shutdown, sleep-exit, lameduck, origin, hang, ignore
// or readiness.
func Server(ctx context.Context) (path, ref string, err error) { return program(ctx, server) }

// program compiles p, which is quick if nothing has changed, and makes the image unless
// there is one.
func program(ctx context.Context, p oci.Program) (path, ref string, err error) {
	tag, err := name.NewTag(p.Tag)
	if err != nil {
		return "", "", err
	}
	var output bytes.Buffer
	built, err := p.Build(ctx, &output, runtime.GOARCH)
	if err != nil {
		return "", "", fmt.Errorf("image %s: %w\n%s", p.Tag, err, &output)
	}
	image := p.Image(tag)
	path, err = cached(p.File, func(path string) error { return write(path, image, built...) }, p, image, built)
	if err != nil {
		return "", "", fmt.Errorf("image %s: %w", p.Tag, err)
	}
	return path, p.Tag, nil
}

// write writes an archive without compression, which would take longer than
// all the rest.
func write(path string, image oci.Image, archs ...oci.Arch) error {
	image.Plain = true
	index, err := image.Index(archs...)
	if err != nil {
		return err
	}
	return oci.WriteArchive(path, index, image.Tag)
}

// All makes each of the images that the tests load.
var All = []func(context.Context) (path, ref string, err error){App, Tool, Server, Examples, Python}
