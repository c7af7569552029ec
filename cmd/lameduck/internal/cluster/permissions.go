package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	authv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// Permission is one thing a trial does to the API, as a rule of RBAC grants it.
type Permission struct{ Verb, Group, Resource string }

func (r Permission) String() string {
	if r.Group == "" {
		return r.Verb + " " + r.Resource
	}
	return r.Verb + " " + r.Resource + "." + r.Group
}

// rule is the rule of a Role or ClusterRole that grants it.
func (r Permission) rule() string {
	return fmt.Sprintf("- {apiGroups: [%q], resources: [%q], verbs: [%q]}", r.Group, r.Resource, r.Verb)
}

// allOf are the permissions that rules grant.
func allOf(rules []rbacv1.PolicyRule) []Permission {
	var permissions []Permission
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					permissions = append(permissions, Permission{verb, group, resource})
				}
			}
		}
	}
	return permissions
}

// apiError adds a hint to an error of the API server: the rule that would have
// allowed the request, or that the object does not exist.
func apiError(err error, verb, group, resource, namespace string) error {
	r := Permission{verb, group, resource}
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return hint.New(fmt.Errorf("not allowed to %s in %s: %w", r, cmp.Or(namespace, "the cluster"), err), "deploy/rbac.yaml has all rules; this one is missing: "+r.rule())
	case apierrors.IsNotFound(err):
		return hint.New(err, "-n chooses the namespace, here "+cmp.Or(namespace, "none")+"; kubectl get shows what there is")
	}
	return hint.New(err, "does `kubectl get pods` work from here?")
}

// missingPermissions asks the API server for each permission whether the user
// has it, and returns an error that names those that are missing, with the
// rules that grant them. Permissions for nodes and the like have no namespace.
func missingPermissions(ctx context.Context, c dynamic.Interface, namespace string, permissions []Permission) error {
	var missing, rules []string
	for _, r := range permissions {
		ok, err := has(ctx, c, namespace, r)
		if err != nil {
			return hint.New(fmt.Errorf("asking what is allowed: %w", err), "does `kubectl auth can-i --list` work from here?")
		}
		if !ok {
			missing, rules = append(missing, r.String()), append(rules, r.rule())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return hint.New(errors.New("not allowed to "+strings.Join(missing, ", ")+" in namespace "+namespace),
		"deploy/rbac.yaml has all rules; missing here: "+strings.Join(rules, " "))
}

func has(ctx context.Context, c dynamic.Interface, namespace string, r Permission) (bool, error) {
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
var findPermissions = []Permission{
	{"get", "apps", "deployments"}, {"get", "apps", "statefulsets"}, {"get", "apps", "daemonsets"}, {"get", "apps", "replicasets"},
	{"get", "", "services"}, {"list", "", "services"}, {"list", "", "pods"},
}

// manifestPermissions are what Manifests needs beside findPermissions, for lint.
var manifestPermissions = []Permission{
	{"list", "policy", "poddisruptionbudgets"}, {"list", "autoscaling", "horizontalpodautoscalers"}, {"get", "", "configmaps"},
}

// clockPermissions are what comparing clocks needs. Without them the comparison
// is left out.
var clockPermissions = []Permission{{"list", "coordination.k8s.io", "leases"}, {"watch", "coordination.k8s.io", "leases"}}
