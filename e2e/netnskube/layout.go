//go:build linux

package netnskube

import (
	"path/filepath"
	"strconv"
)

// The addresses of every cluster. Clusters side by side share them: each is in
// network namespaces of its own.
const (
	clientIP    = "10.200.0.100"
	apiIP       = "10.200.0.11"
	apiURL      = "https://" + apiIP + ":6443"
	wireBits    = "/24"
	podsCIDR    = "10.244.0.0/16"
	serviceCIDR = "10.96.0.0/16"
	apiService  = "10.96.0.1"
	dnsService  = "10.96.0.10"
)

// stateRoot holds a folder per cluster, until it is down. containerd's
// snapshots want a filesystem that overlayfs can lie on, which /var/lib is on
// most machines and /tmp is not.
const stateRoot = "/var/lib/netnskube"

// cgroupPrefix begins the name of a cluster's control group.
const cgroupPrefix = "netnskube-"

// node is one node's place in the cluster.
type node struct {
	Name, IP, PodCIDR string
	Dir               string // its files
}

func nodesOf(dir string, count int) []node {
	var nodes []node
	for i := 1; i <= count; i++ {
		n := strconv.Itoa(i)
		nodes = append(nodes, node{
			Name:    "n" + n,
			IP:      "10.200.0.1" + n,
			PodCIDR: "10.244." + n + ".0/24",
			Dir:     filepath.Join(dir, "nodes", "n"+n),
		})
	}
	return nodes
}

// plan is all that a keeper needs to know to boot a cluster.
type plan struct {
	Name      string
	Dir       string // the cluster's files
	Nodes     []node
	ProxyMode ProxyMode
	Programs  programs
}

func (p plan) pki(file string) string { return filepath.Join(p.Dir, "pki", file) }

func (p plan) log(n node, component string) string {
	return filepath.Join(p.Dir, "logs", n.Name, component+".log")
}

func (p plan) cgroup() string { return cgroupPrefix + p.Name }

func stateDir(name string) string { return filepath.Join(stateRoot, name) }

// kubeconfigPath is where the client's kubeconfig is.
func kubeconfigPath(dir string) string { return filepath.Join(dir, "kubeconfig") }
