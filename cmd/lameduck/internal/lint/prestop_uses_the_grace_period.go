package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// The kubelet counts the grace period from the start of the preStop hook. A hook
// that takes all of it leaves the server the 2 s that the kubelet adds.
var rulePreStopUsesTheGracePeriod = rule{
	id:    "prestop-uses-the-grace-period",
	title: "The " + finding.HookTakesAll,
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

func preStopUsesTheGracePeriod(w *model.Workload, r *report) {
	grace := w.Grace()
	for _, c := range w.Containers {
		h := c.Hook()
		if !h.Uses(grace) {
			continue
		}
		f := r.add(w.Object, h.At, "%s", usesUp(h, grace)).because("%s", w.GraceFrom())
		if h.Endless {
			f.cure("let the preStop hook of container %s end: the kubelet sends the stop signal only when the hook has ended", c.Name)
		} else {
			left := model.DefaultGrace
			if t, ok := model.LongestDrain(c.Drains()); ok {
				left = max(left, model.RoundUp(t.Longest+model.Reserve, 5))
			}
			enough := h.Planned + left
			f.cure("set terminationGracePeriodSeconds to %d: %d s for the hook, %d s for the requests in flight", enough, h.Planned, left).
				by(w.Pod, []string{"terminationGracePeriodSeconds"}, enough)
		}
		if h.AtLeast < grace-model.Floor || c.Sidecar {
			f.as(Warning)
		}
	}
}

// usesUp is the summary: what the hook leaves of the grace period, with the arithmetic.
func usesUp(h *model.Hook, grace int) string {
	took := fmt.Sprintf("preStop %s takes %d s", h.Text, h.Planned)
	switch {
	case h.Refused:
		took = "preStop " + h.Text
	case h.AtLeast < h.Planned:
		took = fmt.Sprintf("preStop %s takes, if each command in it succeeds, %d s", h.Text, h.Planned)
	}
	const left = "SIGKILL follows the stop signal after " + finding.KubeletLeaves
	switch {
	case h.Endless:
		return fmt.Sprintf("preStop %s never ends: the kubelet waits for it for the whole grace period of %d s, and then %s", h.Text, grace, left)
	case h.Planned > grace && h.Refused:
		return fmt.Sprintf("%s > grace period %d s: Kubernetes refuses it", took, grace)
	case h.Planned > grace:
		return fmt.Sprintf("%s > grace period %d s: the kubelet waits for %d s, and then %s", took, grace, grace, left)
	case h.Planned == grace:
		return fmt.Sprintf("%s = grace period %d s, "+finding.NothingLeft+": %s", took, grace, left)
	}
	return fmt.Sprintf("%s of a grace period of %d s, "+finding.NothingLeft+": %s", took, grace, left)
}
