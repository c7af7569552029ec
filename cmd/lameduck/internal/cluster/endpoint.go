package cluster

import (
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// endpoint is the state of a pod in an EndpointSlice.
type endpoint string

const (
	absent      endpoint = ""
	ready       endpoint = "ready"       // new connections go to it
	terminating endpoint = "terminating" // only as the fallback, if none is ready (KEP-1669)
)

// stateOf reads the conditions; one that is not set means its default
// (discovery/v1 EndpointConditions).
func stateOf(c discoveryv1.EndpointConditions) endpoint {
	isReady := c.Ready == nil || *c.Ready
	serving := isReady
	if c.Serving != nil {
		serving = *c.Serving
	}
	switch {
	case isReady:
		return ready
	case serving && c.Terminating != nil && *c.Terminating:
		return terminating
	}
	return absent
}

// endpointKinds are the events for a change to each state.
var endpointKinds = map[endpoint]timeline.Kind{
	absent: timeline.EndpointRemoved, ready: timeline.EndpointAdded, terminating: timeline.EndpointTerminating,
}
