package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// Native sidecars end in the reverse order in which they were started; but all preStop
// hooks start at T0.
var ruleSidecarOrder = rule{
	id:    "sidecar-order",
	title: "A sidecar ends before what goes through it",
	why: "Native sidecars get the stop signal when all containers have ended, the last one of initContainers first. A mesh proxy that comes after another sidecar there ends before that sidecar, and cuts the connections of the sidecar. " +
		"The preStop hooks of sidecars do not wait for that: all hooks of a pod start at the same time, so a hook that stops a sidecar stops it while the containers still need it.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
	},
	severity: Warning,
	check:    eachWorkload(sidecarOrder),
}

func sidecarOrder(w *model.Workload, r *report) {
	if len(w.Traffic()) == 0 {
		return
	}
	var before *model.Container // a sidecar that uses the network, and is no mesh proxy
	for _, c := range w.Containers {
		if !c.Sidecar {
			continue
		}
		p := c.Proxy()
		if p != nil && p.Mesh && before != nil {
			r.add(w.Object, c.Get("name"), "%s ends before sidecar %s, whose connections go through it: sidecars end in the reverse order of initContainers", p.Name, before.Name).as(Info).
				because("container %s comes after container %s in initContainers", c.Name, before.Name).
				cure("move container %s before container %s", c.Name, before.Name)
		}
		if (p == nil || !p.Mesh) && (p != nil || len(c.Get("ports").Items()) > 0) {
			before = c
		}
		if line := c.StopsAtOnce(); line != nil && !c.Serves() {
			r.add(w.Object, c.PreStop(), "the preStop hook of sidecar %s ends the sidecar with %s when the pod begins to terminate, while the containers still need it", c.Name, model.Short(line)).
				because("all preStop hooks of a pod start at the same time: that of a sidecar does not wait until the containers have ended").
				cure("remove the hook: the kubelet sends sidecar %s the stop signal when all containers have ended", c.Name).
				by(c.PreStop(), nil, nil)
		}
	}
}
