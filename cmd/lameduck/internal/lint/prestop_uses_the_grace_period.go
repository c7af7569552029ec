package lint

// The kubelet counts the grace period from the start of the preStop hook. A hook
// that takes all of it leaves the server the 2 s that the kubelet adds.
var rulePreStopUsesTheGracePeriod = rule{
	id:    "prestop-uses-the-grace-period",
	title: "The preStop hook takes the whole grace period",
	why: "The grace period counts from the start of the preStop hook, not from the stop signal. A hook that sleeps for all of it leaves " +
		"the server 2 s to finish its requests: then the kubelet sends SIGKILL, which cuts what is in flight.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	severity: Error,
	check:    eachWorkload(preStopUsesTheGracePeriod),
}

func preStopUsesTheGracePeriod(w *workload, r *report) {
	for _, c := range w.containers {
		sleep := c.preStop().Get("sleep", "seconds")
		if n, ok := sleep.Int(); ok && n > 0 && n >= w.grace() {
			r.add(w.Object, sleep, "preStop sleeps %d s of a grace period of %d s", n, w.grace()).
				cure("set terminationGracePeriodSeconds to %d", n+defaultGrace).
				by(w.pod, []string{"terminationGracePeriodSeconds"}, n+defaultGrace)
		}
	}
}
