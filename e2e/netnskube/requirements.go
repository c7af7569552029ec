//go:build linux

package netnskube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Check returns nil if clusters can run on this machine, else why not: an error
// that is ErrUnsupported.
func Check() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: it needs root", ErrUnsupported)
	}
	if _, err := hierarchies(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return nil
}

// withHint joins an error with what to do about it.
func withHint(err error, hint string) error { return hinted{err, hint} }

// missing lists the packages of the files that are not here.
func missing(files map[string]string) []string {
	var packages []string
	for file, pkg := range files {
		if _, err := os.Stat(file); err != nil && !slices.Contains(packages, pkg) {
			packages = append(packages, pkg)
		}
	}
	slices.Sort(packages)
	return packages
}

// installMissing installs what is missing, where there is apt-get. files maps
// each file that must be there to the Debian package that has it. A service
// that a package starts does no harm: a node sees nothing of the host's /run.
func installMissing(ctx context.Context, files map[string]string, progress func(string)) error {
	packages := missing(files)
	if len(packages) == 0 {
		return nil
	}
	list := strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return withHint(fmt.Errorf("not installed: %s", list), "install what Debian has in these packages, to the same places")
	}
	progress("installing with apt-get: " + list)
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if aptGet(ctx, install...) == nil {
		return nil
	}
	// The lists of packages may be old, or not there at all.
	err := errors.Join(aptGet(ctx, "update"), aptGet(ctx, install...))
	if err != nil {
		return withHint(fmt.Errorf("cannot install %s: %w", list, err), "apt-get install "+list)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	output, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return fmt.Errorf("apt-get %s: %w: %s", args[0], err, lines[len(lines)-1])
}
