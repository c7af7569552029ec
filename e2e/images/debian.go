package images

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

// dependsOn returns what packages depend on directly.
func dependsOn(ctx context.Context, packages ...string) ([]string, error) {
	out, err := output(ctx, "", "apt-cache", append([]string{"depends", "--important"}, packages...)...)
	if err != nil {
		return nil, fmt.Errorf("%w\nhint: this needs Debian; apt-get update fetches the package lists", err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		kind, dependency, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasSuffix(kind, "Depends") {
			found = append(found, dependency)
		}
	}
	return found, nil
}

// asRoot keeps apt from warning that its own user cannot write our folder.
const asRoot = "APT::Sandbox::User=root"

// locate lists exactly which versions of packages there are to download: a
// line with the file's name, size and hash for each.
func locate(ctx context.Context, packages []string) ([]string, error) {
	out, err := output(ctx, "", "apt-get", append([]string{"-o", asRoot, "--print-uris", "download"}, packages...)...)
	if err != nil {
		return nil, err
	}
	var files []string
	for line := range strings.Lines(string(out)) {
		_, file, _ := strings.Cut(line, " ") // after its URL
		files = append(files, strings.TrimSpace(file))
	}
	slices.Sort(files)
	return files, nil
}

// download fetches packages into dir and returns the files, in the order of
// their names. apt checks their signatures.
func download(ctx context.Context, dir string, packages []string) ([]string, error) {
	if _, err := output(ctx, dir, "apt-get", append([]string{"-o", asRoot, "-q", "download"}, packages...)...); err != nil {
		return nil, fmt.Errorf("%w\nhint: apt-get update fetches new package lists", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err == nil && len(files) != len(packages) {
		err = fmt.Errorf("apt-get downloaded %d packages of %d", len(files), len(packages))
	}
	return files, err
}

// readPackage returns the files of a Debian package that are wanted, where a
// merged /usr has them.
func readPackage(ctx context.Context, deb string, wanted func(name string) bool) ([]oci.File, error) {
	content, err := output(ctx, "", "dpkg-deb", "--fsys-tarfile", deb)
	if err != nil {
		return nil, err
	}
	var files []oci.File
	for r := tar.NewReader(bytes.NewReader(content)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
		f := oci.File{Name: merged(h.Name), Mode: h.FileInfo().Mode() &^ 0o222, Link: h.Linkname}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeSymlink || !wanted(f.Name) {
			continue
		}
		if f.Data, err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", filepath.Base(deb), f.Name, err)
		}
		files = append(files, f)
	}
}

// merged is where a file of a package lies when /bin, /lib and the like are
// links into /usr.
func merged(name string) string {
	name = path.Clean(name)
	if top, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"bin", "sbin", "lib", "lib64"}, top) {
		return "usr/" + name
	}
	return name
}

// output runs a command in dir. Its error has the last output of the command.
func output(ctx context.Context, dir, command string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return nil, fmt.Errorf("%s: %w: %s", command, err, lines[len(lines)-1])
	}
	return nil, err
}
