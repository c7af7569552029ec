package lint

import (
	"fmt"
	"slices"
)

// A grace period of 0 is a force delete, on every delete. A very short one ends before
// clients have learned that the pod is terminating, and a policy can make it short.
var ruleGraceTooShort = rule{
	id:    "grace-too-short",
	title: "The grace period is 0, or too short for clients to leave",
	why: "A grace period of 0 is a force delete each time a pod is deleted: the object is removed at once, a preStop hook does not run, and the process is killed within 2 s, " +
		"while nodes still send it new connections. With a grace period of less than about 5 s SIGKILL comes before every node and every load balancer has left the pod. " +
		"The grace period is a limit and not a wait: a server that has finished exits, so a longer one costs nothing. An admission policy may set it to another value than the manifest has.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced",
		"https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/",
		"https://kyverno.io/policies/other/mutate-large-termination-gps/mutate-large-termination-gps/",
		"https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/",
	},
	severity: Warning,
	check:    graceTooShort,
}

// shortest is the least that a Service's clients need to leave a pod and end a short
// request: kube-proxy gathers changes for a second, a node under load for a few.
const shortest = 5

func graceTooShort(s *set, r *report) {
	rewrites := s.rewrites()
	for _, w := range s.workloads {
		if !graceAsWritten(w, r) {
			graceRewritten(w, rewrites, r)
		}
	}
}

// graceAsWritten reports a grace period that is too short as the manifest has it.
func graceAsWritten(w *workload, r *report) (found bool) {
	grace, served := w.grace(), len(w.traffic()) > 0
	left, hooked := grace, 0
	for _, c := range w.containers {
		if h := c.hook(); h != nil && c.serves() {
			hooked = max(hooked, h.AtLeast)
		}
	}
	left -= hooked
	var f *Finding
	switch {
	case grace <= 0 && (served || w.namesCount()):
		f = r.add(w.Object, w.graceAt(), "grace period %d is a force delete on every delete: no preStop hook runs, and SIGKILL comes within %d s%s", grace, floor, consequence(w))
		if served {
			f.as(Error)
		}
	case grace <= 0 || !served || w.hookUsesTheGracePeriod():
		return false
	case grace < shortest:
		f = r.add(w.Object, w.graceAt(), "grace period %d s is less than the %d s or more in which new connections still come through Service %s", grace, shortest, w.traffic()[0].Name)
	case left < shortest:
		f = r.add(w.Object, w.graceAt(), "grace period %d s - preStop %d s leaves %d s for the requests in flight", grace, hooked, left).as(Info)
	default:
		return false
	}
	f.because("%s", w.graceFrom()).cure("set terminationGracePeriodSeconds to %d", hooked+defaultGrace).
		by(w.pod, []string{graceField}, hooked+defaultGrace)
	return true
}

// namesCount reports whether two pods of one name harm each other: members of a
// StatefulSet that others connect to by their names, or that have volumes of their own.
func (w *workload) namesCount() bool {
	return w.Kind == "StatefulSet" && (w.Get("spec", "volumeClaimTemplates").Present() ||
		slices.ContainsFunc(w.containers, func(c *container) bool { return c.Get("ports").Present() }))
}

// consequence of a force delete is the end of a sentence.
func consequence(w *workload) string {
	if t := w.traffic(); len(t) > 0 {
		return fmt.Sprintf(", while new connections still come through Service %s", t[0].Name)
	}
	return "; another pod of the same name may start while its process still runs"
}

// graceRewritten reports a policy that makes it shorter.
func graceRewritten(w *workload, rewrites []rewrite, r *report) {
	for _, p := range rewrites {
		if !p.applies(w) || p.grace >= w.grace() || p.grace < 0 && len(w.traffic()) == 0 {
			continue
		}
		if p.grace < 0 {
			r.add(w.Object, w.graceAt(), "%s sets the grace period of pods by an expression: it may not be the %d s of the manifest", p, w.grace()).as(Info).
				because("%s", w.graceFrom()).cure("make sure that %s leaves the grace period of %s at %d s or more", p, w, w.grace())
			continue
		}
		needed, sum := w.needed()
		if needed <= p.grace && len(w.traffic()) == 0 {
			continue
		}
		f := r.add(w.Object, w.graceAt(), "%s cuts the grace period from %d s to %d s", p, w.grace(), p.grace).as(Info).
			because("%s; the policy may exempt these pods in a way that is not read here", w.graceFrom()).
			cure("exempt %s from %s, or set terminationGracePeriodSeconds to %d and let the server finish within it", w, p, p.grace)
		if needed > p.grace {
			f.Summary += " < " + sum
			f.as(Warning).cure("exempt %s from %s, or raise the limit of the policy to %d", w, p, roundUp(needed+reserve, 5))
		}
	}
}

// needed is the longest time that the manifest sets for a termination, and the sum.
func (w *workload) needed() (seconds int, sum string) {
	for _, t := range w.terminations() {
		if t.total() > seconds {
			seconds, sum = t.total(), t.sum(t.settings)
		}
	}
	for _, c := range w.containers {
		if h := c.hook(); h != nil && h.AtLeast > seconds {
			seconds, sum = h.AtLeast, fmt.Sprintf("preStop %d s", h.AtLeast)
		}
	}
	return seconds, sum
}
