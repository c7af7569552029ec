package diagnose

// uWSGI is the typical case: it reloads its workers, and goes on until SIGKILL.
var ruleMeansReload = rule{
	id:    meansReload,
	title: "The stop signal makes the server reload",
	why:   "To some servers SIGTERM does not mean to stop: uWSGI reloads its workers. The process then goes on, not always with all connections, until SIGKILL at the end of the grace period, which cuts all that is in flight. A longer grace period changes nothing.",
	sources: []string{
		"https://uwsgi-docs.readthedocs.io/en/latest/Management.html",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	summary:  "The stop signal makes the server reload and not stop, so the pod is killed at the end of the grace period.",
	holdsFor: func(p *podFacts) bool { return p.reloads },
	explains: dropsAfterT0(meansReload),
	podEvidence: func(p *podFacts) string {
		return p.howTerminated() + ", " + p.howExited()
	},
	note: func(m *match) string { return "to " + m.server().Name + " SIGTERM means to reload" },
	fix: func(m *match) advice {
		return advice{
			program:  "send the signal that stops the server, or set the server to stop on SIGTERM.",
			manifest: afterHold(m.hold(), ": a server that then stops at once needs that as well."),
		}
	},
}
