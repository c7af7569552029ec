// Package netnskube boots a throw-away Kubernetes cluster on one Linux machine:
// etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd,
// kubelet, kube-proxy and CoreDNS, the real ones, without Docker and without a registry.
//
// A node is a process of ours that is PID 1 of its own mount, PID, UTS, IPC and
// network namespace, with the node's components and pods below it. A keeper
// process owns the nodes; a client network namespace reaches nodes, pods and
// services.
//
//	client 10.200.0.100 ──┬── n1 10.200.0.11, pods 10.244.1.0/24, control plane, cluster DNS
//	  (keeper, the wire)  └── n2 10.200.0.12, pods 10.244.2.0/24
//	                          services 10.96.0.0/16
//
// Nothing is created or changed in the host's network namespace, and every
// namespace is an anonymous one that ends with its processes: when the keeper
// exits, however it exits, the kernel ends the nodes, their pods and their mounts.
// What is left then, control groups and a state folder, Down sweeps up.
//
// It needs root, and runs where Linux does.
package netnskube
