package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// apiError adds a hint to an error of the API server: the rule that would have
// allowed the request, or that the object does not exist.
func apiError(err error, verb, group, resource, namespace string) error {
	r := kube.Permission{Verb: verb, Group: group, Resource: resource}
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return hint.New(fmt.Errorf("not allowed to %s in %s: %w", r, cmp.Or(namespace, "the cluster"), err), "deploy/rbac.yaml has all rules; this one is missing: "+r.Rule())
	case apierrors.IsNotFound(err):
		return hint.New(err, "-n chooses the namespace, here "+cmp.Or(namespace, "none")+"; kubectl get shows what there is")
	}
	return hint.New(err, "does `kubectl get pods` work from here?")
}

// missingPermissions asks the API server for each permission whether the user
// has it, and returns an error that names those that are missing, with the
// rules that grant them. Permissions for nodes and the like have no namespace.
func missingPermissions(ctx context.Context, c dynamic.Interface, namespace string, permissions []kube.Permission) error {
	var missing, rules []string
	for _, r := range permissions {
		ok, err := has(ctx, c, namespace, r)
		if err != nil {
			return hint.New(fmt.Errorf("asking what is allowed: %w", err), "does `kubectl auth can-i --list` work from here?")
		}
		if !ok {
			missing, rules = append(missing, r.String()), append(rules, r.Rule())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return hint.New(errors.New("not allowed to "+strings.Join(missing, ", ")+" in namespace "+namespace),
		"deploy/rbac.yaml has all rules; missing here: "+strings.Join(rules, " "))
}

func has(ctx context.Context, c dynamic.Interface, namespace string, r kube.Permission) (bool, error) {
	resource, sub, _ := strings.Cut(r.Resource, "/")
	if resource == "nodes" {
		namespace = ""
	}
	review, err := kube.AccessReviews.Create(ctx, c, "", &authv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"},
		Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authv1.ResourceAttributes{
			Namespace: namespace, Verb: r.Verb, Group: r.Group, Resource: resource, Subresource: sub}},
	})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}

// findPermissions are what Find needs, and waiting for the workload.
var findPermissions = slices.Concat(
	kube.Permissions("apps", "deployments", "get"), kube.Permissions("apps", "statefulsets", "get"),
	kube.Permissions("apps", "daemonsets", "get"), kube.Permissions("apps", "replicasets", "get"),
	kube.Permissions("", "services", "get", "list"), kube.Permissions("", "pods", "list"),
)

// manifestPermissions are what Manifests needs beside findPermissions, for lint.
var manifestPermissions = slices.Concat(
	kube.Permissions("policy", "poddisruptionbudgets", "list"), kube.Permissions("autoscaling", "horizontalpodautoscalers", "list"),
	kube.Permissions("", "configmaps", "get"),
)

// clockPermissions are what comparing clocks needs. Without them the comparison
// is left out.
var clockPermissions = kube.Permissions("coordination.k8s.io", "leases", "list", "watch")
