package diagnose

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

var ruleNoEndpoint = rule{
	id:    noEndpoint,
	title: "The Service had no endpoint",
	why:   "When the last ready pod stops before another is ready, nodes refuse every connection. A pod that terminates and still serves is the fallback (KEP-1669), as long as it serves.",
	sources: []string{
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints",
		"https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
	},
	summary:     "The Service " + finding.NoEndpoint + ": the old pod has stopped serving.",
	explains:    func(d *dropFacts) bool { return d.unrouted },
	podEvidence: func(p *podFacts) string { return p.howTerminated() + ", " + p.howExited() },
	note: func(m *match) string {
		first, last := bounds(m.drops)
		return fmt.Sprintf("no endpoint between %s and %s, action %s", seconds(first), seconds(last), m.run.Action)
	},
	fix: func(m *match) advice {
		return advice{
			inGo:     "with lameduck.ListenAndServe(addr, handler) the old pod is the fallback while it terminates: raise Delay (LAMEDUCK_DELAY) above the time a new pod takes to become ready.",
			program:  "keep the old pod serving until its replacement is ready.",
			manifest: "run two replicas or more with a PodDisruptionBudget of `minAvailable: 1`, and " + finding.SurgeByOne + " in a strategy of type RollingUpdate.",
		}
	},
}
