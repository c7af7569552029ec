// Command image builds a program of this repository and wraps it in a container
// image, without Docker: one layer that holds the program and nothing else, for
// each platform, under one index. The same source and Go make the same digest.
//
//	go run ./deploy/image -o dist/app.tar                # for ctr, podman, skopeo, docker, kind load image-archive
//	go run ./deploy/image -push HOST/NAME:1.0.0          # log in with docker login or the like first
//	go run ./deploy/image -package ./cmd/lameduck ...    # the tool instead of the example app
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

// advised is an error and what to do about it.
type advised struct {
	error
	hint string
}

func (a advised) Unwrap() error { return a.error }

// module is what paths from the root of the repository are in.
const module = "github.com/lameduck-dev/lameduck"

var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// exitCode reports err: 0 done, 2 usage, 3 could not be done, as the lameduck
// command has it.
func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2 // the flag package has printed why
	}
	fmt.Fprintln(stderr, "image:", err)
	if a, ok := errors.AsType[advised](err); ok {
		fmt.Fprintln(stderr, "hint:", a.hint)
	}
	return 3
}

// config is the command line.
type config struct {
	out, push, tag, pkg string
	platforms           string
}

func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.out, "o", "", "write an OCI archive to this `file`")
	flags.StringVar(&c.push, "push", "", "push to this `image`, HOST/NAME:TAG")
	flags.StringVar(&c.tag, "tag", "", "`name` of the image in the archive (default the package's own, such as "+oci.App.Tag+")")
	flags.StringVar(&c.pkg, "package", "./cmd/app", "the main `package` to build; ./cmd/lameduck is the tool")
	flags.StringVar(&c.platforms, "platforms", "linux/amd64,linux/arm64", "comma-separated `list`")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return c, err
	} else if err != nil {
		return c, errUsage
	}
	if flags.NArg() > 0 || cmp.Or(c.out, c.push) == "" {
		fmt.Fprintln(stderr, "image: give -o FILE or -push IMAGE, and nothing else but flags")
		return c, errUsage
	}
	return c, nil
}

// program is the one that the package names. A package that is not known is
// taken for another app.
func (c config) program() oci.Program {
	for _, p := range []oci.Program{oci.App, oci.Tool} {
		if c.pkg == p.Package || path.Join(module, filepath.ToSlash(c.pkg)) == p.Package {
			p.Package = c.pkg
			return p
		}
	}
	other := oci.App
	other.Package = c.pkg
	return other
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	program := c.program()
	tag, err := fixedTag(cmp.Or(c.tag, program.Tag))
	if err != nil {
		return err
	}
	target, err := fixedTag(cmp.Or(c.push, tag.String()))
	if err != nil {
		return err
	}
	archs, err := processors(c.platforms)
	if err != nil {
		return err
	}
	built, err := program.Build(ctx, stderr, archs...)
	if err != nil {
		return advised{err, "run it from the root of the repository; -package takes one main package"}
	}
	index, err := program.Image(tag).Index(built...)
	if err != nil {
		return err
	}
	return c.deliver(ctx, index, tag, target, stdout)
}

// deliver brings index where the command line wants it, and prints its digest.
func (c config) deliver(ctx context.Context, index v1.ImageIndex, tag, target name.Tag, stdout io.Writer) error {
	if c.out != "" {
		if err := oci.WriteArchive(c.out, index, tag); err != nil {
			return err
		}
	}
	if c.push != "" {
		if err := push(ctx, target, index); err != nil {
			return err
		}
	}
	digest, err := index.Digest()
	if err == nil {
		fmt.Fprintln(stdout, digest)
	}
	return err
}

// processors are those of a list of platforms, linux/ARCH.
func processors(platforms string) ([]string, error) {
	var archs []string
	for platform := range strings.SplitSeq(platforms, ",") {
		goos, arch, _ := strings.Cut(platform, "/")
		if goos != "linux" || arch == "" || strings.Contains(arch, "/") {
			return nil, advised{fmt.Errorf("platform %q is not linux/ARCH", platform), "as in: -platforms linux/amd64,linux/arm64"}
		}
		archs = append(archs, arch)
	}
	return archs, nil
}

// fixedTag reads NAME:TAG. A name without a tag would mean "latest", which
// means another image every day.
func fixedTag(s string) (name.Tag, error) {
	hint := "as in: " + oci.App.Tag
	tag, err := name.NewTag(s)
	if err != nil {
		return tag, advised{fmt.Errorf("bad image name %q", s), hint}
	}
	if !strings.HasSuffix(s, ":"+tag.TagStr()) {
		return tag, advised{fmt.Errorf("image name %q has no tag", s), hint}
	}
	return tag, nil
}

func push(ctx context.Context, tag name.Tag, index v1.ImageIndex) error {
	err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return advised{fmt.Errorf("push %s: %w", tag, err), "check the name, and log in to the registry first, as with docker login"}
	}
	return nil
}
