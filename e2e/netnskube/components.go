//go:build linux

package netnskube

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Component is a program that a node's init runs.
type Component struct {
	Name   string
	Argv   []string
	Log    string // path of its log
	Health string // where to ask whether it is healthy, as askHealth takes it
}

// hyperkube is a component that is part of our one binary.
func (p plan) hyperkube(n node, name, health string, args ...string) Component {
	argv := append([]string{p.Programs.Hyperkube, name}, args...)
	return Component{Name: name, Argv: argv, Log: p.log(n, name), Health: health}
}

func (p plan) etcd(n node) Component {
	return p.hyperkube(n, "etcd", "http://127.0.0.1:2379/health",
		"--data-dir="+filepath.Join(n.Dir, "etcd"),
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--unsafe-no-fsync", // nothing here is to outlive a power cut
		"--log-level=warn")
}

func (p plan) apiServer(n node) Component {
	return p.hyperkube(n, "kube-apiserver", "https://127.0.0.1:6443/readyz",
		"--etcd-servers=http://127.0.0.1:2379",
		"--advertise-address="+n.IP, "--bind-address=0.0.0.0", "--secure-port=6443",
		"--tls-cert-file="+p.pki("kube-apiserver.crt"), "--tls-private-key-file="+p.pki("kube-apiserver.key"),
		"--client-ca-file="+p.pki("ca.crt"),
		"--kubelet-certificate-authority="+p.pki("ca.crt"),
		"--kubelet-client-certificate="+p.pki("kubelet-client.crt"), "--kubelet-client-key="+p.pki("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range="+serviceCIDR,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+p.pki("service-accounts.key"),
		"--service-account-signing-key-file="+p.pki("service-accounts.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true", "--profiling=false")
}

func (p plan) controllerManager(n node) Component {
	config := p.pki("kube-controller-manager.kubeconfig")
	return p.hyperkube(n, "kube-controller-manager", "https://127.0.0.1:10257/healthz",
		"--kubeconfig="+config, "--authentication-kubeconfig="+config, "--authorization-kubeconfig="+config,
		"--leader-elect=false", "--profiling=false",
		"--kube-api-qps=500", "--kube-api-burst=1000", // at the usual 20 its start takes 5 s of waiting
		"--root-ca-file="+p.pki("ca.crt"),
		"--service-account-private-key-file="+p.pki("service-accounts.key"),
		"--use-service-account-credentials=true",
		"--cluster-cidr="+podsCIDR, "--allocate-node-cidrs=false")
}

func (p plan) scheduler(n node) Component {
	config := p.pki("kube-scheduler.kubeconfig")
	return p.hyperkube(n, "kube-scheduler", "https://127.0.0.1:10259/healthz",
		"--kubeconfig="+config, "--authentication-kubeconfig="+config, "--authorization-kubeconfig="+config,
		"--leader-elect=false", "--profiling=false")
}

func (p plan) kubelet(n node) (Component, error) {
	type object = map[string]any
	config := object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1",
		"kind":       "KubeletConfiguration",
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": p.pki("ca.crt")},
		},
		"authorization":            object{"mode": "Webhook"},
		"tlsCertFile":              p.pki("kubelet-" + n.Name + ".crt"),
		"tlsPrivateKeyFile":        p.pki("kubelet-" + n.Name + ".key"),
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               "/" + p.cgroup() + "/" + n.Name,
		"failSwapOn":               false,
		"failCgroupV1":             false,
		"makeIPTablesUtilChains":   false,
		"volumePluginDir":          filepath.Join(n.Dir, "volume-plugins"),
		"resolvConf":               filepath.Join(n.Dir, "resolv.conf"),
		"clusterDomain":            "cluster.local",
		"clusterDNS":               []string{dnsService},
		// The machine is not the node's alone: pods are evicted, and images
		// collected, only when it is all but full.
		"evictionHard":                object{"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent": 100,
		"imageGCLowThresholdPercent":  99,
	}
	path := filepath.Join(n.Dir, "kubelet.json")
	if err := os.WriteFile(filepath.Join(n.Dir, "resolv.conf"), nil, 0o644); err != nil {
		return Component{}, err
	}
	return p.hyperkube(n, "kubelet", "http://127.0.0.1:10248/healthz",
		"--config="+path, "--kubeconfig="+p.pki("kubelet-"+n.Name+".kubeconfig"),
		"--hostname-override="+n.Name, "--node-ip="+n.IP, "--v=2"), writeJSON(path, config)
}

func (p plan) kubeProxy(n node) (Component, error) {
	type object = map[string]any
	config := object{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"clientConnection":   object{"kubeconfig": p.pki("kube-proxy.kubeconfig")},
		"hostnameOverride":   n.Name,
		"mode":               p.ProxyMode,
		"clusterCIDR":        podsCIDR,
		"metricsBindAddress": "0.0.0.0:10249",
		"healthzBindAddress": "0.0.0.0:10256",
		// The conntrack limits are the machine's: they stay as they are.
		"conntrack": object{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
	}
	path := filepath.Join(n.Dir, "kube-proxy.json")
	return p.hyperkube(n, "kube-proxy", "http://127.0.0.1:10256/healthz", "--config="+path, "--v=2"), writeJSON(path, config)
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
