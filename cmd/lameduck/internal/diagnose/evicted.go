package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// What the kubelet kills by itself (node pressure, a critical pod that needs
// the room, the shutdown of the node) has no deletionTimestamp, so that its
// endpoint stays ready until its readiness probe fails or its containers are
// gone (k/k #116965). No server can make up for that alone, and a hard
// eviction leaves it 1 s: however it terminated, it is not judged for it.
var ruleEvicted = rule{
	id:       evicted,
	summary:  "The node ended it without telling the endpoints first, so that clients were sent there to its end and after: only a readiness probe that fails at the signal, or more replicas, help.",
	convicts: (*life).evictedWithoutNotice,
	mute:     true,
	claims:   orLeftNone(evicted, sentenced(evicted)),
	seen: func(l *life) string {
		s := "evicted at " + seconds(l.Evicted)
		if l.Reason != "" {
			s = fmt.Sprintf("%s (%s)", s, l.Reason)
		}
		if l.Signalled != never || l.PreStop != never {
			s += ", " + l.told()
		}
		return s + ", " + l.left() + l.arrivals()
	},
	remark: remarkGap,
	fix: func(*matter) advice {
		const probe = "with a readinessProbe whose periodSeconds × failureThreshold is well below the grace period (1 s × 1, say)"
		const room = " Besides: two replicas or more on different nodes, requests that cover what it really uses, and a priorityClass. A hard eviction gives 1 s, whatever the grace period is: an eviction-soft with evictionMaxPodGracePeriod, or shutdownGracePeriod, on the node gives more."
		return advice{
			inGo:  "set lameduck.Process.FailReadiness, " + probe + ": the endpoints learn from the probe what nobody else tells them.",
			other: "fail the readiness path from the signal on and go on serving, " + probe + "." + room,
		}
	},
}

// evictedWithoutNotice reports whether the node ended it before the endpoints
// could know: a pod that the API was told of first is deleted.
func (l *life) evictedWithoutNotice() bool {
	if l.Evicted == timeline.Never {
		return false
	}
	return l.Deleted == never || l.Deleted > l.t0+l.doubt+time.Second || l.Exited != never && l.Deleted > l.Exited
}
