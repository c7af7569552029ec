package cluster

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// TestTheRoleHasWhatIsUsedAndNoMore compares deploy/rbac.yaml with what the
// code asks for.
func TestTheRoleHasWhatIsUsedAndNoMore(t *testing.T) {
	granted := asLines(readRules(t, "../../../../deploy/rbac.yaml"))
	used := slices.Concat(findPermissions, observerPermissions, clockPermissions, manifestPermissions, workers.Permissions)
	for _, kind := range []string{"deployments", "statefulsets", "daemonsets"} {
		for _, a := range Actions {
			if kind != "daemonsets" || a != timeline.ScaleDown {
				used = append(used, permissionsFor(a, kind)...)
			}
		}
	}
	if diff := cmp.Diff(asLines(used), granted); diff != "" {
		t.Errorf("used and granted differ:\n%s", diff)
	}
}

func asLines(permissions []kube.Permission) []string {
	var all []string
	for _, r := range permissions {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readRules are the permissions that the roles of a file grant.
func readRules(t *testing.T, path string) (granted []kube.Permission) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(data)), 4096); ; {
		var role rbacv1.ClusterRole
		if err := d.Decode(&role); err == io.EOF {
			return granted
		} else if err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						granted = append(granted, kube.Permission{Verb: verb, Group: group, Resource: resource})
					}
				}
			}
		}
	}
}
