package lint

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// A plain container gets the stop signal when the server does; a native sidecar when
// all others have ended.
var ruleProxyNotASidecar = rule{
	id:    "proxy-not-a-sidecar",
	title: "A proxy beside the server ends when the server begins to",
	why: "All containers of a pod get the stop signal at the same time, each when its own preStop hook has ended. A proxy that is a plain container ends while the server still serves, and with it the connections " +
		"that go through it: those of clients, or those of the server to its database. A native sidecar, which is an init container with restartPolicy Always, gets the signal only when all containers have ended, " +
		"in the reverse order in which the sidecars were started (Kubernetes 1.29 and later).",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
	},
	severity: Warning,
	check:    eachWorkload(proxyNotASidecar),
}

func proxyNotASidecar(w *model.Workload, r *report) {
	if len(w.Traffic()) == 0 || !hasServer(w) {
		return
	}
	for _, c := range w.Containers {
		p := c.Proxy()
		if p == nil || c.Sidecar || c.PreStop().Present() {
			continue // a hook of its own may let it wait
		}
		if _, waits := model.LongestDrain(c.Drains()); waits {
			continue
		}
		r.add(w.Object, c.Get("name"), "%s is a plain container: it gets the stop signal when the server does, and ends %s while the server still serves", p.Name, p.Carries).
			because("container %s, image %s, without a preStop hook or a setting that lets it wait", c.Name, c.Image().Text).
			cure("move container %s to initContainers, with restartPolicy: Always: a native sidecar ends when all containers have", c.Name)
	}
}

// hasServer reports whether the pod has a container that serves, besides the proxies.
func hasServer(w *model.Workload) bool {
	return slices.ContainsFunc(w.Containers, func(c *model.Container) bool { return c.Proxy() == nil && !c.Watches() })
}
