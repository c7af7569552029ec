package lint

// Native sidecars end in the reverse order in which they were started; but all preStop
// hooks start at T0.
var ruleSidecarOrder = rule{
	id:    "sidecar-order",
	title: "A sidecar ends before what goes through it",
	why: "Native sidecars get the stop signal when all containers have ended, the last one of initContainers first. A mesh proxy behind another sidecar ends before that one, and with it its connections. " +
		"The preStop hooks of sidecars do not wait for that turn: all hooks of a pod start at one time, so a hook that stops a sidecar stops it while the containers still need it.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/753-sidecar-containers",
	},
	severity: Warning,
	check:    eachWorkload(sidecarOrder),
}

func sidecarOrder(w *workload, r *report) {
	if len(w.traffic()) == 0 {
		return
	}
	var before *container // a sidecar that uses the network, and is no mesh proxy
	for _, c := range w.containers {
		if !c.sidecar {
			continue
		}
		p := c.proxy()
		if p != nil && p.mesh && before != nil {
			r.add(w.Object, c.Get("name"), "%s ends before sidecar %s, whose connections go through it: sidecars end in the reverse order of initContainers", p.name, before.name).as(Info).
				because("container %s is behind container %s in initContainers", c.name, before.name).
				cure("move container %s before container %s", c.name, before.name)
		}
		if (p == nil || !p.mesh) && (p != nil || len(c.Get("ports").Items()) > 0) {
			before = c
		}
		if line := c.stopsAtOnce(); line != nil && !c.serves() {
			r.add(w.Object, c.preStop(), "the preStop hook of sidecar %s ends it with %s when the pod begins to terminate, while the containers still need it", c.name, short(line)).
				because("all preStop hooks of a pod start at one time: that of a sidecar does not wait for its turn").
				cure("remove the hook: the kubelet sends sidecar %s the stop signal when all containers have ended", c.name).
				by(c.preStop(), nil, nil)
		}
	}
}
