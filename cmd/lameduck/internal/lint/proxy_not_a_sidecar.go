package lint

import (
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// A plain container gets the stop signal when the server does; a native sidecar when
// all others have ended.
var ruleProxyNotASidecar = rule{
	id:    "proxy-not-a-sidecar",
	title: "A proxy beside the server ends when the server begins to",
	why: "All containers of a pod get the stop signal at one time, each when its own preStop hook has ended. A proxy that is a plain container ends while the server still serves, and with it the connections " +
		"that go through it: those of clients, or those of the server to its database. A native sidecar, which is an init container with restartPolicy Always, gets the signal only when all containers have ended, " +
		"in the reverse order in which the sidecars were started (Kubernetes 1.29 and later).",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
	},
	severity: Warning,
	check:    eachWorkload(proxyNotASidecar),
}

func proxyNotASidecar(w *workload, r *report) {
	if len(w.traffic()) == 0 || !w.hasServer() {
		return
	}
	for _, c := range w.containers {
		p := c.proxy()
		if p == nil || c.sidecar || c.preStop().Present() {
			continue // a hook of its own may let it wait
		}
		if _, waits := longestDrain(c.drains()); waits {
			continue
		}
		r.add(w.Object, c.Get("name"), "%s is a plain container: it gets the stop signal when the server does, and ends %s while the server still serves", p.name, p.carries).
			because("container %s, image %s, without a preStop hook or a setting that lets it wait", c.name, c.image().text).
			cure("move container %s to initContainers, with restartPolicy: Always: a native sidecar ends when all containers have", c.name)
	}
}

// hasServer reports whether a container is there that serves beside the proxies.
func (w *workload) hasServer() bool {
	return slices.ContainsFunc(w.containers, func(c *container) bool { return c.proxy() == nil && !c.watches() })
}

// watchers are programs that read what another one does, and serve no client of it, by
// the name of their image.
var watchers = []string{"fluent-bit", "fluentd", "filebeat", "vector", "promtail", "alloy", "configmap-reload", "prometheus-config-reloader", "k8s-sidecar"}

// watches reports whether the container only looks at the others, as far as its image and
// its ports show.
func (c *container) watches() bool {
	name, ports := c.imageName(), c.Get("ports").Items()
	return strings.Contains(name, "exporter") || slices.Contains(watchers, name) || len(ports) > 0 && !slices.ContainsFunc(ports, func(p object.Value) bool {
		return !namesMetrics(p.Get("name").Text())
	})
}
