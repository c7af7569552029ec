// Command image builds the example app and wraps it in a container image,
// without Docker: one layer that holds /app and nothing else, for each
// platform, under one index. The same source and Go make the same digest.
//
//	go run ./deploy/image -o dist/app.tar                # for ctr, podman, skopeo, docker, kind load image-archive
//	go run ./deploy/image -push HOST/NAME:1.0.0          # log in with docker login or the like first
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
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// advised is an error and what to do about it.
type advised struct {
	error
	hint string
}

func (a advised) Unwrap() error { return a.error }

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
		return 2 // the flag package has said why
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
	flags.StringVar(&c.tag, "tag", "graceful-shutdown-app:1.0.0", "`name` of the image in the archive")
	flags.StringVar(&c.pkg, "package", "./cmd/app", "the main `package` to build")
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	tag, err := fixedTag(c.tag)
	if err != nil {
		return err
	}
	target := tag
	if c.push != "" {
		if target, err = fixedTag(c.push); err != nil {
			return err
		}
	}
	index, err := build(ctx, c.pkg, strings.Split(c.platforms, ","), tag, stderr)
	if err != nil {
		return err
	}
	if c.out != "" {
		if err := writeArchive(c.out, index, tag); err != nil {
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

// fixedTag reads NAME:TAG. A name without a tag would mean "latest", which
// means another image every day.
func fixedTag(s string) (name.Tag, error) {
	const hint = "as in: graceful-shutdown-app:1.0.0"
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
