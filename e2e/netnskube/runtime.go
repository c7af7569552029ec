//go:build linux

package netnskube

import (
	"context"
	"path"
	"path/filepath"
)

// debianRuntime is what a cluster takes from Debian, containerd included.
var debianRuntime = map[string]string{
	"/usr/bin/containerd":              "containerd",
	"/usr/bin/containerd-shim-runc-v2": "containerd",
	"/usr/bin/ctr":                     "containerd",
	"/usr/sbin/runc":                   "runc",
	"/usr/lib/cni/ptp":                 "containernetworking-plugins",
	"/usr/sbin/nft":                    "nftables",
	"/usr/sbin/iptables":               "iptables",
}

// toBuildRuntime is what a cluster takes from Debian when its containerd is
// built from Go modules. runc is partly C.
var toBuildRuntime = map[string]string{
	"/usr/bin/gcc":           "gcc",
	"/usr/bin/pkg-config":    "pkg-config",
	"/usr/include/seccomp.h": "libseccomp-dev",
	"/usr/sbin/nft":          "nftables",
	"/usr/sbin/iptables":     "iptables",
}

func useDebianRuntime(_ context.Context, _ func(string), p *programs) error {
	p.Containerd, p.Ctr, p.ContainerdMajor = "/usr/bin/containerd", "/usr/bin/ctr", 1
	p.Runc, p.CNI = "/usr/sbin/runc", "/usr/lib/cni"
	return nil
}

// buildRuntime builds containerd, runc and the network plugins at the versions
// of their own module's go.mod.
func buildRuntime(ctx context.Context, progress func(string), p *programs) error {
	const (
		containerd = "github.com/containerd/containerd/v2/cmd/"
		plugins    = "github.com/containernetworking/plugins/plugins/"
	)
	source, err := sourceOf("containerd")
	if err != nil {
		return err
	}
	common := build{source: source, modfile: "go.mod", flags: []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w"}}
	pure := common
	pure.name, pure.notice, pure.env = "containerd", "building containerd and network plugins", []string{"CGO_ENABLED=0"}
	pure.targets = map[string]string{}
	for _, pkg := range []string{
		containerd + "containerd", containerd + "containerd-shim-runc-v2", containerd + "ctr",
		plugins + "main/ptp", plugins + "main/loopback", plugins + "ipam/host-local", plugins + "meta/portmap",
	} {
		pure.targets[path.Base(pkg)] = pkg
	}
	dir, err := pure.run(ctx, progress)
	if err != nil {
		return err
	}
	withC := common
	withC.name, withC.notice, withC.env = "runc", "building runc", []string{"CGO_ENABLED=1"}
	withC.flags = append([]string{"-tags=seccomp"}, common.flags...)
	withC.targets = map[string]string{"runc": "github.com/opencontainers/runc"}
	runcDir, err := withC.run(ctx, progress)
	if err != nil {
		return err
	}
	p.Containerd, p.Ctr, p.ContainerdMajor = filepath.Join(dir, "containerd"), filepath.Join(dir, "ctr"), 2
	p.Runc, p.CNI = filepath.Join(runcDir, "runc"), dir
	return nil
}
