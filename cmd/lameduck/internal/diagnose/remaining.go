package diagnose

import (
	"fmt"
	"time"
)

var ruleNoEndpoint = rule{
	id:      noEndpoint,
	summary: "For a while the Service had no endpoint at all: the old pod had gone and no new one was ready.",
	claims:  func(d *drop) bool { return d.gap },
	seen:    func(l *life) string { return l.told() + ", " + l.left() },
	remark: func(m *matter) string {
		first, last := bounds(m.drops)
		return fmt.Sprintf("no endpoint between %s and %s, action %s", seconds(first), seconds(last), m.run.Action)
	},
	fix: func(m *matter) advice {
		return advice{
			inGo:  "with lameduck.ListenAndServe(addr, handler) the old pod serves as the fallback while it terminates: raise Delay (LAMEDUCK_DELAY) above the time a new pod takes to become ready.",
			other: "run two replicas or more with a PodDisruptionBudget of `minAvailable: 1`; roll with `maxSurge: 1, maxUnavailable: 0`; or keep the old pod serving until its replacement is ready.",
		}
	},
}

var ruleUnexplained = rule{
	id:      unexplained,
	summary: "Drops that the termination of a pod does not explain.",
	claims:  func(*drop) bool { return true },
	remark: func(m *matter) string {
		first, last := bounds(m.drops)
		d := m.drops[0]
		s := fmt.Sprintf("between %s and %s, the first: %s %s", seconds(first), seconds(last), d.Pattern, d.Cause)
		switch {
		case d.Detail != "":
			s += " (" + d.Detail + ")"
		case d.Status != 0:
			s += fmt.Sprintf(" (status %d)", d.Status)
		}
		if d.Pod != "" {
			s += " at " + d.Pod
		}
		return s
	},
	fix: func(*matter) advice {
		return advice{other: "see whether the same requests fail while nothing is being replaced: then it is the program, its limits, or this machine (compare the control line), and not the way it terminates."}
	},
}

func bounds(drops []*drop) (first, last time.Duration) {
	if len(drops) == 0 {
		return 0, 0
	}
	return drops[0].Ended, drops[len(drops)-1].Ended
}
