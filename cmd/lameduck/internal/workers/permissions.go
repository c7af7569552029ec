package workers

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Rules are the permissions in its namespace that the coordinator uses; the
// workers have none. Attaching by WebSocket is a get, and since Kubernetes 1.35 a
// create as well. Without the permission to list events, a refusal by a quota or by
// Pod Security is only seen as a timeout.
var Rules = []rbacv1.PolicyRule{
	{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"create", "get", "delete"}},
	{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list"}},
	{APIGroups: []string{""}, Resources: []string{"pods/attach"}, Verbs: []string{"create", "get"}},
	{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
	{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"list"}},
}

// neededPermissions is Rules in one line.
func neededPermissions() string {
	var all []string
	for _, r := range Rules {
		all = append(all, strings.Join(r.Verbs, " and ")+" "+strings.Join(r.Resources, ", "))
	}
	return strings.Join(all, "; ")
}
