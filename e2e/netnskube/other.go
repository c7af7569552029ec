//go:build !linux

package netnskube

import (
	"context"
	"fmt"
	"os/exec"
)

// errHere is everything's answer where there are no Linux namespaces.
var errHere = fmt.Errorf("%w: it needs Linux", ErrUnsupported)

// Cluster is a cluster that is up. There is none here.
type Cluster struct{}

// Main does nothing here.
func Main() {}

// Check returns why clusters cannot run here.
func Check() error { return errHere }

// Build is for Linux.
func Build(context.Context, func(string)) error { return errHere }

// Up is for Linux.
func Up(context.Context, Options) (*Cluster, error) { return nil, errHere }

// Open is for Linux.
func Open(string) (*Cluster, error) { return nil, errHere }

// Down is for Linux.
func Down(context.Context, string) error { return errHere }

// ExitCode is for Linux.
func ExitCode(error) int { return 1 }

// Detach is for Linux.
func (*Cluster) Detach() error { return errHere }

// Name is for Linux.
func (*Cluster) Name() string { return "" }

// Version is for Linux.
func (*Cluster) Version() string { return "" }

// ProxyMode is for Linux.
func (*Cluster) ProxyMode() ProxyMode { return "" }

// Nodes is for Linux.
func (*Cluster) Nodes() []string { return nil }

// NodeIP is for Linux.
func (*Cluster) NodeIP(string) string { return "" }

// Kubeconfig is for Linux.
func (*Cluster) Kubeconfig() string { return "" }

// LogFile is for Linux.
func (*Cluster) LogFile(context.Context, string, string) (string, error) { return "", errHere }

// Command is for Linux.
func (*Cluster) Command(context.Context, ...string) (*exec.Cmd, error) { return nil, errHere }

// NodeCommand is for Linux.
func (*Cluster) NodeCommand(context.Context, string, ...string) (*exec.Cmd, error) {
	return nil, errHere
}

// Kubectl is for Linux.
func (*Cluster) Kubectl(context.Context, ...string) (*exec.Cmd, error) { return nil, errHere }

// Load is for Linux.
func (*Cluster) Load(context.Context, ...string) error { return errHere }

// Restart is for Linux.
func (*Cluster) Restart(context.Context, string, string, ...string) error { return errHere }

// Down is for Linux.
func (*Cluster) Down(context.Context) error { return errHere }
