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

// Right is one thing a trial does to the API, as a rule of RBAC grants it.
type Right struct{ Verb, Group, Resource string }

func (r Right) String() string {
	if r.Group == "" {
		return r.Verb + " " + r.Resource
	}
	return r.Verb + " " + r.Resource + "." + r.Group
}

// rule is the rule of a Role or ClusterRole that grants it.
func (r Right) rule() string {
	return fmt.Sprintf("- {apiGroups: [%q], resources: [%q], verbs: [%q]}", r.Group, r.Resource, r.Verb)
}

// allOf are the rights that rules grant.
func allOf(rules []rbacv1.PolicyRule) []Right {
	var rights []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, Right{verb, group, resource})
				}
			}
		}
	}
	return rights
}

// refused adds the rule that would have allowed it to an error of the API
// server, or says that the object is not there.
func refused(err error, verb, group, resource, namespace string) error {
	r := Right{verb, group, resource}
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

// lacks asks the API server for each right whether the user has it, and
// returns an error that names those that are missing, with the rules that
// grant them. Rights in nodes and the like have no namespace.
func lacks(ctx context.Context, c dynamic.Interface, namespace string, rights []Right) error {
	var missing, rules []string
	for _, r := range rights {
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

func has(ctx context.Context, c dynamic.Interface, namespace string, r Right) (bool, error) {
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

// findRights are what Find needs, and waiting for the workload.
var findRights = []Right{
	{"get", "apps", "deployments"}, {"get", "apps", "statefulsets"}, {"get", "apps", "daemonsets"}, {"get", "apps", "replicasets"},
	{"get", "", "services"}, {"list", "", "services"}, {"list", "", "pods"},
}

// clockRights are what comparing clocks needs. Without them it is left out.
var clockRights = []Right{{"list", "coordination.k8s.io", "leases"}, {"watch", "coordination.k8s.io", "leases"}}
