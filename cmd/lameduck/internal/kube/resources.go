package kube

import (
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The resources that trials use.
var (
	Pods     = Resource[corev1.Pod]{Version: "v1", Resource: "pods"}
	Services = Resource[corev1.Service]{Version: "v1", Resource: "services"}
	Events   = Resource[corev1.Event]{Version: "v1", Resource: "events"}
	Nodes    = Resource[corev1.Node]{Version: "v1", Resource: "nodes"}

	Deployments  = Resource[appsv1.Deployment]{"apps", "v1", "deployments"}
	StatefulSets = Resource[appsv1.StatefulSet]{"apps", "v1", "statefulsets"}
	DaemonSets   = Resource[appsv1.DaemonSet]{"apps", "v1", "daemonsets"}
	ReplicaSets  = Resource[appsv1.ReplicaSet]{"apps", "v1", "replicasets"}

	Jobs           = Named{"batch", "v1", "jobs"}
	Leases         = Resource[coordinationv1.Lease]{"coordination.k8s.io", "v1", "leases"}
	EndpointSlices = Resource[discoveryv1.EndpointSlice]{"discovery.k8s.io", "v1", "endpointslices"}

	// Evictions are created as the subresource "eviction" of the pod.
	Evictions     = Resource[policyv1.Eviction]{Version: "v1", Resource: "pods"}
	AccessReviews = Resource[authorizationv1.SelfSubjectAccessReview]{"authorization.k8s.io", "v1", "selfsubjectaccessreviews"}
)

// Named is a resource of which no more matters than the metadata of its
// objects, such as their names.
type Named = Resource[metav1.PartialObjectMetadata]
