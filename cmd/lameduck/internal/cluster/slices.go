package cluster

import (
	"maps"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func (o *observer) sliceChanged(s *discoveryv1.EndpointSlice, _ bool) {
	in := map[types.UID]endpoint{}
	for _, e := range s.Endpoints {
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			in[e.TargetRef.UID] = stateOf(e.Conditions)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.slices[s.Name] = in
	o.compareEndpoints()
}

func (o *observer) sliceDeleted(s *discoveryv1.EndpointSlice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.slices, s.Name)
	o.compareEndpoints()
}

// compareEndpoints emits what has changed over all slices of the Service. A pod
// may be in two of them for a moment; its better state counts.
func (o *observer) compareEndpoints() {
	now := o.clock.Now()
	seen := map[types.UID]endpoint{}
	for _, in := range o.slices {
		for uid, state := range in {
			if seen[uid] != ready {
				seen[uid] = state
			}
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(o.shown)) {
		if _, still := seen[uid]; !still {
			seen[uid] = absent
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(seen)) {
		if o.shown[uid] == seen[uid] {
			continue
		}
		o.shown[uid] = seen[uid]
		if p := o.pods[uid]; p != nil {
			e := timeline.Event{At: now, Pod: p.name, Source: timeline.SourceSlice, Kind: endpointKinds[seen[uid]]}
			o.emit(e)
			if o.changed != nil {
				o.changed(e)
			}
		}
	}
}
