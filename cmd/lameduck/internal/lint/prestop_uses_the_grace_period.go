package lint

import "fmt"

// The kubelet counts the grace period from the start of the preStop hook. A hook
// that takes all of it leaves the server the 2 s that the kubelet adds.
var rulePreStopUsesTheGracePeriod = rule{
	id:    "prestop-uses-the-grace-period",
	title: "The preStop hook takes the whole grace period",
	why: "The grace period counts from the start of the preStop hook, not from the stop signal. The kubelet waits for the hook until the grace period is over; " +
		"then it sends the stop signal, and SIGKILL 2 s later, which cuts what is in flight. terminationGracePeriodSeconds has to be the time of the hook, the time that " +
		"requests in flight take, and a reserve. A grace period equal to the hook is not enough: it leaves these 2 s, and no more.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	severity: Error,
	check:    eachWorkload(preStopUsesTheGracePeriod),
}

func preStopUsesTheGracePeriod(w *workload, r *report) {
	grace := w.grace()
	for _, c := range w.containers {
		h := c.hook()
		if !h.uses(grace) {
			continue
		}
		f := r.add(w.Object, h.at, "%s", h.usesUp(grace)).because("%s", w.graceFrom())
		if h.Endless {
			f.cure("let the preStop hook of container %s end: the kubelet sends the stop signal when it has", c.name)
		} else {
			left := defaultGrace
			if t, ok := longestDrain(c.drains()); ok {
				left = max(left, roundUp(t.longest+reserve, 5))
			}
			enough := h.Planned + left
			f.cure("set terminationGracePeriodSeconds to %d: %d s for the hook, %d s for the requests in flight", enough, h.Planned, left).
				by(w.pod, []string{"terminationGracePeriodSeconds"}, enough)
		}
		if h.AtLeast < grace-floor || c.sidecar {
			f.as(Warning)
		}
	}
}

// usesUp is the arithmetic: what the hook leaves of the grace period.
func (h *hook) usesUp(grace int) string {
	took := fmt.Sprintf("preStop %s takes %d s", h.text, h.Planned)
	switch {
	case h.refused:
		took = "preStop " + h.text
	case h.AtLeast < h.Planned:
		took = fmt.Sprintf("preStop %s takes, if each command in it succeeds, %d s", h.text, h.Planned)
	}
	left := fmt.Sprintf("SIGKILL follows the stop signal after the %d s that the kubelet always leaves", floor)
	switch {
	case h.Endless:
		return fmt.Sprintf("preStop %s never ends: the kubelet waits for it for the whole grace period of %d s, and then %s", h.text, grace, left)
	case h.Planned > grace && h.refused:
		return fmt.Sprintf("%s > grace period %d s: Kubernetes refuses it", took, grace)
	case h.Planned > grace:
		return fmt.Sprintf("%s > grace period %d s: the kubelet waits for %d s, and then %s", took, grace, grace, left)
	case h.Planned == grace:
		return fmt.Sprintf("%s = grace period %d s, so nothing is left for the server: %s", took, grace, left)
	}
	return fmt.Sprintf("%s of a grace period of %d s, so nothing is left for the server: %s", took, grace, left)
}
