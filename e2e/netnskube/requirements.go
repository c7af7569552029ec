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

// needed maps each program that is not built from Go modules to the Debian
// package that has it.
var needed = map[string]string{
	"/usr/bin/containerd":              "containerd",
	"/usr/bin/containerd-shim-runc-v2": "containerd",
	"/usr/bin/ctr":                     "containerd",
	"/usr/sbin/runc":                   "runc",
	"/usr/lib/cni/ptp":                 "containernetworking-plugins",
	"/usr/sbin/nft":                    "nftables",
	"/usr/sbin/iptables":               "iptables",
}

// missing lists the Debian packages that are needed and not here.
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

// installMissing installs what is missing, where there is apt-get. A service
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
