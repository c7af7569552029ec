package diagnose

import "slices"

var ruleNeverReady = rule{
	id:    neverReady,
	title: "A pod never became ready",
	why:   "A rolling update replaces an old pod only when a new one is ready. A new pod that never becomes ready leaves the update half done, and where the old pod is gone already the Service has no endpoint.",
	sources: []string{
		"https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
	},
	summary:  "A pod never became ready, so it never replaced the old pod.",
	holdsFor: func(p *podFacts) bool { return p.failed },
	explains: func(d *dropFacts) bool {
		if d.unrouted {
			return d.run.replacementFailed(d.Ended)
		}
		return d.pod != nil && d.pod.failed
	},
	podEvidence: func(p *podFacts) string {
		if p.Detail != "" {
			return p.Detail
		}
		return "started at " + seconds(p.Started) + ", not ready in time"
	},
	fix: func(m *match) advice {
		how := "a connection to its port"
		if m.run.Spec.ReadinessHTTP {
			how = "a 2xx or 3xx answer on the readiness path"
		}
		return advice{always: "start the command by hand and see whether it listens on all addresses (not only 127.0.0.1) and on the port of the Service. Readiness here is " +
			how + "; compare path, port and failureThreshold × periodSeconds with the time the program needs to start." + m.sharedFiles()}
	},
}

// sharedFiles is what to try where another pod of the lab, with the same command, became
// ready: the folders that the command names are shared, as those of containers are not.
func (m *match) sharedFiles() string {
	if m.run.Stage == "cluster" || !slices.ContainsFunc(m.runFacts.pods, func(p *podFacts) bool { return p.Ready != never }) {
		return ""
	}
	return " Another pod became ready: if a lock or a PID file of that one stands in the way, let the program keep it in /tmp: pods of the lab share the folders that the command and its environment name, and where there are no namespaces all folders."
}
