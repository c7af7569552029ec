package lint

import (
	"fmt"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
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

// shortest is how many seconds the clients of a Service need at least to leave a pod and
// to finish a short request: kube-proxy collects changes for a second, on a node under load
// for a few seconds.
const shortest = 5

func graceTooShort(s *model.Set, r *report) {
	rewrites := s.Rewrites()
	for _, w := range s.Workloads {
		if !graceAsWritten(w, r) {
			graceRewritten(w, rewrites, r)
		}
	}
}

// graceAsWritten reports a grace period that is too short as the manifest has it.
func graceAsWritten(w *model.Workload, r *report) (found bool) {
	grace, served := w.Grace(), len(w.Traffic()) > 0
	left, hooked := grace, 0
	for _, c := range w.Containers {
		if h := c.Hook(); h != nil && c.Serves() {
			hooked = max(hooked, h.AtLeast)
		}
	}
	left -= hooked
	var f *Finding
	switch {
	case grace <= 0 && (served || namesCount(w)):
		f = r.add(w.Object, w.GraceAt(), "grace period %d "+finding.ForceDelete+"%s", grace, consequence(w))
		if served {
			f.as(Error)
		}
	case grace <= 0 || !served || w.HookUsesTheGracePeriod():
		return false
	case grace < shortest:
		f = r.add(w.Object, w.GraceAt(), "grace period %d s is less than the %d s or more in which new connections still come through Service %s", grace, shortest, w.Traffic()[0].Name)
	case left < shortest:
		f = r.add(w.Object, w.GraceAt(), "grace period %d s - preStop %d s leaves %d s for the requests in flight", grace, hooked, left).as(Info)
	default:
		return false
	}
	f.because("%s", w.GraceFrom()).cure("set terminationGracePeriodSeconds to %d", hooked+model.DefaultGrace).
		by(w.Pod, []string{model.GraceField}, hooked+model.DefaultGrace)
	return true
}

// namesCount reports whether two pods of one name harm each other: members of a
// StatefulSet that others connect to by their names, or that have volumes of their own.
func namesCount(w *model.Workload) bool {
	return w.Kind == "StatefulSet" && (w.Get("spec", "volumeClaimTemplates").Present() ||
		slices.ContainsFunc(w.Containers, func(c *model.Container) bool { return c.Get("ports").Present() }))
}

// consequence is what a force delete leads to, as the end of a sentence.
func consequence(w *model.Workload) string {
	if t := w.Traffic(); len(t) > 0 {
		return fmt.Sprintf(", while new connections still come through Service %s", t[0].Name)
	}
	return "; another pod of the same name may start while its process still runs"
}

// graceRewritten reports a policy that makes the grace period shorter.
func graceRewritten(w *model.Workload, rewrites []model.Rewrite, r *report) {
	for _, p := range rewrites {
		if !p.Applies(w) || p.Grace >= w.Grace() || p.Grace < 0 && len(w.Traffic()) == 0 {
			continue
		}
		if p.Grace < 0 {
			r.add(w.Object, w.GraceAt(), "%s sets the grace period of pods by an expression: it may differ from the %d s of the manifest", p, w.Grace()).as(Info).
				because("%s", w.GraceFrom()).cure("make sure that %s leaves the grace period of %s at %d s or more", p, w, w.Grace())
			continue
		}
		needed, sum := needed(w)
		if needed <= p.Grace && len(w.Traffic()) == 0 {
			continue
		}
		f := r.add(w.Object, w.GraceAt(), "%s cuts the grace period from %d s to %d s", p, w.Grace(), p.Grace).as(Info).
			because("%s; the policy may exempt these pods in a way that is not read here", w.GraceFrom()).
			cure("exempt %s from %s, or set terminationGracePeriodSeconds to %d and let the server finish within it", w, p, p.Grace)
		if needed > p.Grace {
			f.Summary += " < " + sum
			f.as(Warning).cure("exempt %s from %s, or raise the limit of the policy to %d", w, p, model.RoundUp(needed+model.Reserve, 5))
		}
	}
}

// needed is the longest time that the manifest sets for a termination, and the sum that
// makes it up.
func needed(w *model.Workload) (seconds int, sum string) {
	for _, t := range w.Terminations() {
		if t.Total() > seconds {
			seconds, sum = t.Total(), t.Sum(t.Settings)
		}
	}
	for _, c := range w.Containers {
		if h := c.Hook(); h != nil && h.AtLeast > seconds {
			seconds, sum = h.AtLeast, fmt.Sprintf("preStop %d s", h.AtLeast)
		}
	}
	return seconds, sum
}
