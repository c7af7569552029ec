package lab

import "slices"

// endpoint is one pod in the EndpointSlice, with the three conditions of
// podToEndpoint (k8s.io/endpointslice).
type endpoint struct {
	pod         string
	process     process
	ready       bool // serving and not terminating, or publishNotReadyAddresses
	serving     bool // the pod's Ready condition
	terminating bool // it has a deletionTimestamp
}

// fallback endpoints are used when no endpoint is ready (KEP-1669).
func (e endpoint) fallback() bool { return e.serving && e.terminating }

// slice is the EndpointSlice at one version. It never changes.
type slice struct {
	version   int
	endpoints []endpoint
}

// endpointsOf lists the pods that are in the slice: those that have an address
// and at least one running container.
func endpointsOf(pods []*podState, publishNotReady bool) []endpoint {
	var list []endpoint
	for _, m := range pods {
		if m.process == nil {
			continue
		}
		list = append(list, endpoint{
			pod:         m.name,
			process:     m.process,
			ready:       publishNotReady || m.ready() && !m.deleted,
			serving:     m.ready(),
			terminating: m.deleted,
		})
	}
	return list
}

// targets are the endpoints that kube-proxy routes new connections to: the
// ready ones; if there are none, those that are terminating and still serve;
// else nothing.
func (s *slice) targets() []endpoint {
	var ready, terminating []endpoint
	for _, e := range s.endpoints {
		switch {
		case e.ready:
			ready = append(ready, e)
		case e.fallback():
			terminating = append(terminating, e)
		}
	}
	if len(ready) > 0 {
		return ready
	}
	return terminating
}

// find returns the endpoint of a pod; the zero endpoint if it has none.
func (s *slice) find(pod string) endpoint {
	i := slices.IndexFunc(s.endpoints, func(e endpoint) bool { return e.pod == pod })
	if i < 0 {
		return endpoint{}
	}
	return s.endpoints[i]
}
