package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
)

// A Program is a Go program that makes an image of one file.
type Program struct {
	Package     string // import path of the main package, or a path as go build takes it
	Tag         string // the image's name, NAME:TAG
	File        string // the program's name in the image, at the root: its entrypoint
	Description string
	Ports       []int
}

// The programs of this repository. Their tags stand here and nowhere else.
var (
	App = Program{
		Package:     "github.com/lameduck-dev/lameduck/cmd/app",
		Tag:         "graceful-shutdown-app:1.0.0",
		File:        "app",
		Description: "A service that terminates without dropping a connection",
		Ports:       []int{8080},
	}
	Tool = Program{
		Package:     "github.com/lameduck-dev/lameduck/cmd/lameduck",
		Tag:         "lameduck:1.0.0",
		File:        "lameduck",
		Description: "Finds the connections that a service drops when its pods are replaced",
	}
)

// Image is p's image, named tag.
func (p Program) Image(tag name.Tag) Image {
	return Image{
		Tag:        tag,
		Entrypoint: []string{"/" + p.File},
		Ports:      p.Ports,
		Labels: map[string]string{
			"org.opencontainers.image.description": p.Description,
			"org.opencontainers.image.source":      "https://github.com/lameduck-dev/lameduck",
			"org.opencontainers.image.licenses":    "MIT",
		},
	}
}

// Build compiles p for linux on each of archs, by Go's names of them. What
// the compiler prints goes to stderr. It is for a working directory in the
// workspace of this repository.
func (p Program) Build(ctx context.Context, stderr io.Writer, archs ...string) ([]Arch, error) {
	var built []Arch
	for _, arch := range archs {
		binary, err := p.compile(ctx, arch, stderr)
		if err != nil {
			return nil, err
		}
		built = append(built, Arch{arch, []File{{Name: p.File, Mode: 0o555, Data: binary}}})
	}
	return built, nil
}

// linker leaves out what a debugger needs. Functions begin at multiples of 8
// bytes instead of 32, which makes the file smaller by one and a half percent.
const linker = "-ldflags=-s -w -funcalign=8"

// compile makes a static binary that is the same wherever it is built: no
// paths and no state of a checkout in it.
func (p Program) compile(ctx context.Context, arch string, stderr io.Writer) ([]byte, error) {
	dir, err := os.MkdirTemp("", "lameduck-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, p.File)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", linker, "-o", out, p.Package)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = stderr, stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build %s for linux/%s: %w", p.Package, arch, err)
	}
	binary, err := os.ReadFile(out)
	if err != nil || !bytes.HasPrefix(binary, []byte("\x7fELF")) {
		return nil, fmt.Errorf("go build %s made no program", p.Package)
	}
	return binary, nil
}
