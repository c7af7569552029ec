package workers

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// Permissions are those in its namespace that the coordinator uses; the workers
// have none. Attaching by WebSocket is a get, and since Kubernetes 1.35 a create as
// well. Without the permission to list events, a refusal by a quota or by Pod
// Security is only seen as a timeout.
var Permissions = slices.Concat(
	kube.Permissions("batch", "jobs", "create", "get", "delete"),
	kube.Permissions("", "pods", "get", "list"),
	kube.Permissions("", "pods/attach", "create", "get"),
	kube.Permissions("", "pods/log", "get"),
	kube.Permissions("", "events", "list"),
)

// neededPermissions is Permissions in one line.
func neededPermissions() string {
	var all []string
	for _, p := range Permissions {
		all = append(all, p.String())
	}
	return strings.Join(all, ", ")
}
