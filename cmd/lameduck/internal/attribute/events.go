package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// How exactly the moments of different observers compare.
const (
	// clockSlack is between an event of a pod and its effect on a client: the resolution of
	// package diagnose, and measured there.
	clockSlack = 30 * time.Millisecond
	// controlPlaneDelay is how late the control plane's own events may be: a watch sends each
	// change as soon as it is written, and nothing in a run shows when that was. Random runs
	// whose API server is late by 0.8 s have no wrong finding (TestSlowTruth).
	controlPlaneDelay = 250 * time.Millisecond
	// syncPeriod is after which kube-proxy surely applied a removal: it writes all its rules
	// again so often (iptables.syncPeriod, by default).
	syncPeriod = 30 * time.Second
)

// ofEndpoint reports whether the event is a change of a view of the endpoints.
func ofEndpoint(e *timeline.Event) bool {
	return e.Kind == timeline.EndpointAdded || e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
}

// ofSlice reports whether the event is a change of the EndpointSlices
// themselves.
func ofSlice(e *timeline.Event) bool { return ofEndpoint(e) && e.Source != timeline.SourceProxy }
