package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// A pod that the kubelet kills by itself (node pressure, a critical pod that
// needs the room, the shutdown of the node) has no deletionTimestamp, so its
// endpoint stays ready until its readiness probe fails or its containers are
// gone (k/k #116965). No server can make up for that alone, and a hard eviction
// leaves it 1 s: such a termination says nothing about the server.
var ruleEvicted = rule{
	id:            evicted,
	summary:       "The node ended it without telling the endpoints first, so that clients were sent there to its end and after: only a readiness probe that fails at the signal, or more replicas, help.",
	holdsFor:      (*podFacts).evictedWithoutNotice,
	onlyWithDrops: true,
	explains:      orUnrouted(evicted, dropsAfterT0(evicted)),
	podEvidence: func(p *podFacts) string {
		s := "evicted at " + seconds(p.Evicted)
		if p.Reason != "" {
			s = fmt.Sprintf("%s (%s)", s, p.Reason)
		}
		if p.Signalled != never || p.PreStop != never {
			s += ", " + p.howTerminated()
		}
		return s + ", " + p.howExited() + p.lateConnections()
	},
	note: noteUnrouted,
	fix: func(*match) advice {
		const probe = "with a readinessProbe whose periodSeconds × failureThreshold is well below the grace period (1 s × 1, say)"
		const room = " Besides: two replicas or more on different nodes, requests that cover what it really uses, and a priorityClass. A hard eviction gives 1 s, whatever the grace period is: an eviction-soft with evictionMaxPodGracePeriod, or shutdownGracePeriod, on the node gives more."
		return advice{
			inGo:  "set lameduck.Process.FailReadiness, " + probe + ": the endpoints learn from the probe what nobody else tells them.",
			other: "fail the readiness path from the signal on and go on serving, " + probe + "." + room,
		}
	},
}

// evictedWithoutNotice reports whether the node ended the pod before its
// endpoint could be removed: an eviction through the API deletes the pod first.
func (p *podFacts) evictedWithoutNotice() bool {
	if p.Evicted == timeline.Never {
		return false
	}
	return p.Deleted == never || p.Deleted > p.t0+p.t0Error+time.Second || p.Exited != never && p.Deleted > p.Exited
}
