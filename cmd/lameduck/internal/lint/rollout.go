package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// rollout is how a controller replaces the pods of a workload.
type rollout struct {
	unavailable, surge int    // pods that may be missing, and be there in addition
	because            string // where both numbers are from
	fields             []string
}

// at is where the field of that name is written, or could be.
func (ro rollout) at(w *workload, name string) object.Value { return w.Get(ro.path(name)...) }

func (ro rollout) path(name string) []string {
	return append(ro.fields[:len(ro.fields):len(ro.fields)], name)
}

// rolling is how n pods of w are replaced; not ok where they are not replaced one
// batch after the other, and where their number does not count: a DaemonSet has one
// for each node.
func (w *workload) rolling(n int) (ro rollout, ok bool) {
	quarter, none, one := amount{25, true}, amount{}, amount{1, false}
	switch w.Kind {
	case "Deployment":
		if kind := w.Get("spec", "strategy", "type").Text(); kind == "" || kind == "RollingUpdate" {
			return w.rollingBy(n, quarter, quarter, "spec", "strategy", "rollingUpdate")
		}
	case "Rollout":
		// With traffic routing, and with blueGreen, the old pods stay until the new have the traffic.
		if canary := w.Get("spec", "strategy", "canary"); canary.Present() && !canary.Get("trafficRouting").Present() {
			return w.rollingBy(n, quarter, quarter, "spec", "strategy", "canary")
		}
	case "CloneSet":
		return w.rollingBy(n, amount{20, true}, none, "spec", "updateStrategy")
	case "StatefulSet":
		if kind := w.Get("spec", "updateStrategy", "type").Text(); kind == "" || kind == "RollingUpdate" {
			return w.rollingBy(n, one, none, "spec", "updateStrategy", "rollingUpdate")
		}
	}
	return rollout{}, false
}

// rollingBy reads maxUnavailable and maxSurge. A percentage of maxSurge is rounded
// up, one of maxUnavailable down, but up for a CloneSet that has no surge. Where
// both come to 0, one pod may be missing.
func (w *workload) rollingBy(n int, unavailable, surge amount, fields ...string) (rollout, bool) {
	ro := rollout{fields: fields}
	unavailable, ok := amountOr(ro.at(w, "maxUnavailable"), unavailable)
	surge, valid := amountOr(ro.at(w, "maxSurge"), surge)
	if !ok || !valid {
		return rollout{}, false
	}
	up := w.Kind == "CloneSet" && surge.value == 0
	ro.unavailable, ro.surge = unavailable.of(n, up), surge.of(n, true)
	ro.because = describe("maxUnavailable", unavailable, n, up)
	if ro.unavailable == 0 && ro.surge == 0 {
		ro.unavailable = 1
		ro.because += fmt.Sprintf(", maxSurge %v: where both are 0, one pod may be missing", surge)
	} else if w.Kind != "StatefulSet" {
		ro.because += ", " + describe("maxSurge", surge, n, true)
	}
	return ro, true
}

// describe is "maxUnavailable 25% of 2 = 0".
func describe(field string, a amount, n int, up bool) string {
	if !a.percent {
		return fmt.Sprintf("%s %v", field, a)
	}
	direction := "down"
	if up {
		direction = "up"
	}
	return fmt.Sprintf("%s %v of %d, rounded %s, is %d", field, a, n, direction, a.of(n, up))
}
