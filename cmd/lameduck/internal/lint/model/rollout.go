package model

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Rollout is how a controller replaces the pods of a workload.
type Rollout struct {
	Unavailable, Surge int    // pods that may be missing, and be there in addition
	Because            string // where both numbers come from
	fields             []string
}

// At is where the field of that name is written, or could be.
func (ro Rollout) At(w *Workload, name string) object.Value { return w.Get(ro.Path(name)...) }

func (ro Rollout) Path(name string) []string {
	return append(ro.fields[:len(ro.fields):len(ro.fields)], name)
}

// Rolling is how n pods of w are replaced; not ok where they are not replaced one batch
// after the other, and for a DaemonSet, which has one pod for each node, whatever n is.
func (w *Workload) Rolling(n int) (ro Rollout, ok bool) {
	quarter, none, one := Amount{25, true}, Amount{}, Amount{1, false}
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
		return w.rollingBy(n, Amount{20, true}, none, "spec", "updateStrategy")
	case "StatefulSet":
		if kind := w.Get("spec", "updateStrategy", "type").Text(); kind == "" || kind == "RollingUpdate" {
			return w.rollingBy(n, one, none, "spec", "updateStrategy", "rollingUpdate")
		}
	}
	return Rollout{}, false
}

// rollingBy reads maxUnavailable and maxSurge. A percentage of maxSurge is rounded
// up, one of maxUnavailable down, but up for a CloneSet that has no surge. Where
// both come to 0, one pod may be missing.
func (w *Workload) rollingBy(n int, unavailable, surge Amount, fields ...string) (Rollout, bool) {
	ro := Rollout{fields: fields}
	unavailable, ok := amountOr(ro.At(w, "maxUnavailable"), unavailable)
	surge, valid := amountOr(ro.At(w, "maxSurge"), surge)
	if !ok || !valid {
		return Rollout{}, false
	}
	up := w.Kind == "CloneSet" && surge.Value == 0
	ro.Unavailable, ro.Surge = unavailable.of(n, up), surge.of(n, true)
	ro.Because = describe("maxUnavailable", unavailable, n, up)
	if ro.Unavailable == 0 && ro.Surge == 0 {
		ro.Unavailable = 1
		ro.Because += fmt.Sprintf(", maxSurge %v: where both are 0, one pod may be missing", surge)
	} else if w.Kind != "StatefulSet" {
		ro.Because += ", " + describe("maxSurge", surge, n, true)
	}
	return ro, true
}

// describe is "maxUnavailable 25% of 2, rounded down, is 0".
func describe(field string, a Amount, n int, up bool) string {
	if !a.Percent {
		return fmt.Sprintf("%s %v", field, a)
	}
	direction := "down"
	if up {
		direction = "up"
	}
	return fmt.Sprintf("%s %v of %d, rounded %s, is %d", field, a, n, direction, a.of(n, up))
}

// Surges reports whether a DaemonSet starts the new pod of a node before it ends the
// old one.
func (w *Workload) Surges() bool {
	surge, ok := AmountOf(w.Get("spec", "updateStrategy", "rollingUpdate", "maxSurge"))
	return ok && surge.Value > 0
}
