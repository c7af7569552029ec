//go:build linux

package netnskube

import (
	"bytes"
	"os"
	"path/filepath"
	"text/template"
)

// containerdSocket is where every node's containerd listens. The node's /run is
// its own.
const containerdSocket = "/run/containerd/containerd.sock"

// pauseImage is the name of the sandbox image. No registry knows it.
const pauseImage = "localhost/netnskube/pause:1"

// The runtime must not try to lower its OOM score: where CAP_SYS_RESOURCE is
// missing, runc exits before it can report that.
var containerdConfigs = map[int]*template.Template{
	1: template.Must(template.New("").Parse(`version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{{.Socket}}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.Pause}}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{{.CNI}}"
    conf_dir = "{{.Networks}}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{{.Runc}}"
        SystemdCgroup = false
`)),
	2: template.Must(template.New("").Parse(`version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{{.Socket}}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd-opt"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{{.Pause}}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{{.CNI}}"]
    conf_dir = "{{.Networks}}"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "{{.Runc}}"
      SystemdCgroup = false
`)),
}

func (p plan) containerd(n node) (Component, error) {
	var config bytes.Buffer
	err := containerdConfigs[p.Programs.ContainerdMajor].Execute(&config, map[string]string{
		"Socket":   containerdSocket,
		"Pause":    pauseImage,
		"CNI":      p.Programs.CNI,
		"Runc":     p.Programs.Runc,
		"Networks": filepath.Join(n.Dir, "networks"),
	})
	if err != nil {
		return Component{}, err
	}
	path := filepath.Join(n.Dir, "containerd.toml")
	if err := os.WriteFile(path, config.Bytes(), 0o600); err != nil {
		return Component{}, err
	}
	return Component{
		Name:   "containerd",
		Argv:   []string{p.Programs.Containerd, "--config=" + path},
		Log:    p.log(n, "containerd"),
		Health: "unix:" + containerdSocket,
	}, p.writePodNetwork(n)
}

// writePodNetwork gives each pod a point-to-point link to its node. Between
// pods of one node packets are routed then, never bridged, so that the answer of
// a service's pod passes the node's NAT on its way back whatever the kernel's
// bridge filter is set to.
func (p plan) writePodNetwork(n node) error {
	type object = map[string]any
	dir := filepath.Join(n.Dir, "networks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "10-pods.conflist"), object{
		"cniVersion": "0.4.0",
		"name":       "pods",
		"plugins": []object{
			{"type": "ptp", "ipMasq": false, "ipam": object{
				"type":   "host-local",
				"ranges": [][]object{{{"subnet": n.PodCIDR}}},
				"routes": []object{{"dst": "0.0.0.0/0"}},
			}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	})
}
