package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// How exactly the moments of different observers compare.
const (
	clockSlack        = 30 * time.Millisecond  // between an event of a pod and its effect on a client
	controlPlaneDelay = 250 * time.Millisecond // how late the control plane's own events may be
	syncPeriod        = 30 * time.Second       // after which kube-proxy surely applied a removal (its syncPeriod)
)

// ofEndpoint reports whether the event is a change of a view of the endpoints.
func ofEndpoint(e *timeline.Event) bool {
	return e.Kind == timeline.EndpointAdded || e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
}

// ofSlice reports whether the event is a change of the EndpointSlices
// themselves.
func ofSlice(e *timeline.Event) bool { return ofEndpoint(e) && e.Source != timeline.SourceProxy }
