// Package lab simulates the control plane and kube-proxy on one machine: the
// rolling update of a Deployment, StatefulSet or DaemonSet, the EndpointSlice
// controller, and N nodes that each apply every change at a moment of their
// own. The pods are real processes (package pod does the kubelet's part); only
// the control plane, the endpoint updates and their delays, is simulated here.
//
//	API object -> slice controller -> one view per node -> new connections
//	           \-> kubelet (package pod): preStop, stop signal, SIGKILL
//
// The two arrows run side by side and neither waits for the other, as in
// Kubernetes: that is the race this tool is about.
//
// One goroutine owns all state (see loop); Dial reads immutable snapshots.
//
// Where it differs from Kubernetes:
//   - a pod is scheduled and its image pulled in no time;
//   - a status update of a pod reaches the API at once (its lag is part of the
//     slice controller's);
//   - pods are on no node in particular, so externalTrafficPolicy Local is
//     treated as Cluster;
//   - there is no PodDisruptionBudget, and pod-deletion-cost is not read.
package lab
