package lint

import "fmt"

// What a server may take after the stop signal has to be within the grace period, with
// the preStop hook before it.
var ruleGraceShorterThanDrain = rule{
	id:    "grace-shorter-than-drain",
	title: "The grace period is too short for the drain that the server is set to",
	why: "terminationGracePeriodSeconds counts from the start of the preStop hook. It has to be the time of the hook, the time that the server is set to take after the stop signal, " +
		"and a reserve. Where it is less, SIGKILL comes before the server has ended what is in flight: its own setting never comes to effect.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution",
	},
	severity: Warning,
	check: eachWorkload(func(w *workload, r *report) {
		knobsDoNotFit(w, r)
		graceShorterThanDrain(w, r)
	}),
}

// knobsDoNotFit reports variables of the library which it refuses when the program starts.
func knobsDoNotFit(w *workload, r *report) {
	for _, c := range w.containers {
		env := c.environment()
		delay, hasDelay := secondsOf(env["LAMEDUCK_DELAY"].text, 0)
		grace, hasGrace := secondsOf(env["LAMEDUCK_GRACE"].text, 0)
		if hasDelay && hasGrace && delay >= grace {
			r.add(w.Object, env["LAMEDUCK_DELAY"].at, "LAMEDUCK_DELAY %d s does not fit into LAMEDUCK_GRACE %d s: the program does not start", delay, grace).as(Error).
				because("container %s: the library refuses a delay that leaves no time for the requests in flight", c.name).
				cure("set LAMEDUCK_GRACE to %ds, and terminationGracePeriodSeconds to the same or more", roundUp(delay+inFlight+reserve, 5))
		}
	}
}

func graceShorterThanDrain(w *workload, r *report) {
	if w.hookUsesTheGracePeriod() || w.grace() <= 0 {
		return // these have rules of their own
	}
	var worst *termination
	for _, t := range w.terminations() {
		if t.total() > w.grace() && (worst == nil || t.total() > worst.total()) || t.certain(w.grace()) && worst == nil {
			worst = &t
		}
	}
	if worst == nil {
		return
	}
	settings := worst.settings
	if worst.certain(w.grace()) {
		settings = worst.delays
	}
	f := r.add(w.Object, w.graceAt(), "%s", worst.tooLong(w.grace(), settings)).
		because("%s; %s", places(settings), w.graceFrom()).
		cure("set terminationGracePeriodSeconds to %d: %s, and %d s for what comes then", worst.enough(), worst.sum(worst.settings), worst.enough()-worst.total()).
		by(w.pod, []string{"terminationGracePeriodSeconds"}, worst.enough())
	if worst.certain(w.grace()) {
		f.as(Error)
	}
}

// tooLong is the arithmetic.
func (t *termination) tooLong(grace int, settings []drain) string {
	switch sum := t.hookSeconds() + t.accepts; {
	case !t.certain(grace):
		return fmt.Sprintf("%s > grace period %d s: SIGKILL comes up to %d s before %s has finished", t.sum(settings), grace, t.total()-grace, t.server)
	case sum == grace:
		return fmt.Sprintf("%s = grace period %d s: SIGKILL comes when %s has accepted its last connection, and cuts what is in flight", t.sum(settings), grace, t.server)
	default:
		return fmt.Sprintf("%s > grace period %d s: SIGKILL comes while %s still accepts connections", t.sum(settings), grace, t.server)
	}
}
