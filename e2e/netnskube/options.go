package netnskube

import "errors"

// DefaultName is the name of a cluster for which none is given.
const DefaultName = "default"

// The environment of commands that run in a cluster's client namespace, besides
// KUBECONFIG.
const (
	// NameVariable names the cluster.
	NameVariable = "NETNSKUBE_NAME"
	// VersionVariable picks another Kubernetes version, as in "v1.36.3".
	VersionVariable = "KUBERNETES"
)

// ProxyMode is how kube-proxy programs a node.
type ProxyMode string

// The modes that need no kernel module beyond netfilter.
const (
	NFTables ProxyMode = "nftables"
	IPTables ProxyMode = "iptables"
)

// Options describes the cluster that Up boots.
type Options struct {
	// Name distinguishes the clusters of one machine; "" is DefaultName. Clusters
	// side by side have the same addresses, each in namespaces of its own.
	Name string
	// Nodes is 1 or 2; 0 is 1. The first node runs the control plane, too, and
	// takes pods like the other.
	Nodes int
	// ProxyMode is kube-proxy's; "" is NFTables.
	ProxyMode ProxyMode
	// Progress is called with what happens, a line at a time; it may be nil.
	Progress func(line string)
}

// Errors that callers tell apart.
var (
	// ErrUnsupported is why nothing can run here: not Linux, not root, or no
	// control groups.
	ErrUnsupported = errors.New("netnskube cannot run here")
	// ErrRunning is Up's answer when a cluster of that name is up already.
	ErrRunning = errors.New("already up")
	// ErrNotRunning is the answer of all that needs a running cluster.
	ErrNotRunning = errors.New("not up")
)

type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint returns what to do about err, one sentence, or "".
func Hint(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	return ""
}
