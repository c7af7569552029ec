package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// What a server may take after the stop signal has to be within the grace period, with
// the preStop hook before it.
var ruleGraceShorterThanDrain = rule{
	id:    "grace-shorter-than-drain",
	title: "The grace period is too short for the drain that the server is set to",
	why: "terminationGracePeriodSeconds counts from the start of the preStop hook. It has to be the time of the hook, the time that the server is set to take after the stop signal, " +
		"and a reserve. Where it is less, SIGKILL comes before the server has ended what is in flight: the setting never takes effect.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
	},
	severity: Warning,
	check: eachWorkload(func(w *model.Workload, r *report) {
		knobsDoNotFit(w, r)
		graceShorterThanDrain(w, r)
	}),
}

// knobsDoNotFit reports variables of the library with which the program does not start.
func knobsDoNotFit(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		env := c.Environment()
		delay, hasDelay := model.SecondsOf(env["LAMEDUCK_DELAY"].Text, 0)
		grace, hasGrace := model.SecondsOf(env["LAMEDUCK_GRACE"].Text, 0)
		if hasDelay && hasGrace && delay >= grace {
			r.add(w.Object, env["LAMEDUCK_DELAY"].At, "LAMEDUCK_DELAY %d s does not fit into LAMEDUCK_GRACE %d s: the program does not start", delay, grace).as(Error).
				because("container %s: the library refuses a delay that leaves no time for the requests in flight", c.Name).
				cure("set LAMEDUCK_GRACE to %ds, and terminationGracePeriodSeconds to the same or more", model.RoundUp(delay+model.InFlight+model.Reserve, 5))
		}
	}
}

func graceShorterThanDrain(w *model.Workload, r *report) {
	if w.HookUsesTheGracePeriod() || w.Grace() <= 0 {
		return // these have rules of their own
	}
	var worst *model.Termination
	for _, t := range w.Terminations() {
		if t.Total() > w.Grace() && (worst == nil || t.Total() > worst.Total()) || t.Certain(w.Grace()) && worst == nil {
			worst = &t
		}
	}
	if worst == nil {
		return
	}
	settings := worst.Settings
	if worst.Certain(w.Grace()) {
		settings = worst.Delays
	}
	f := r.add(w.Object, w.GraceAt(), "%s", lateKill(worst, w.Grace(), settings)).
		because("%s; %s", model.Places(settings), w.GraceFrom()).
		cure("set terminationGracePeriodSeconds to %d: %s, and %d s for what comes after that", worst.Enough(), worst.Sum(worst.Settings), worst.Enough()-worst.Total()).
		by(w.Pod, []string{"terminationGracePeriodSeconds"}, worst.Enough())
	if worst.InHook {
		f.Fix += fmt.Sprintf(", and let the preStop hook wait for as long: on the stop signal %s ends at once", worst.Server)
	}
	if worst.Certain(w.Grace()) {
		f.as(Error)
	}
}

// lateKill is the summary, with its arithmetic.
func lateKill(t *model.Termination, grace int, settings []model.Drain) string {
	killed := finding.KilledEarly(t.Server)
	switch sum := t.HookSeconds() + t.Accepts; {
	case !t.Certain(grace):
		return fmt.Sprintf("%s > grace period %d s: %s, up to %d s too early", t.Sum(settings), grace, killed, t.Total()-grace)
	case sum == grace:
		return fmt.Sprintf("%s = grace period %d s: %s, as soon as it no longer accepts connections, and cuts what is in flight", t.Sum(settings), grace, killed)
	default:
		return fmt.Sprintf("%s > grace period %d s: %s, while it still accepts connections", t.Sum(settings), grace, killed)
	}
}
