package cluster

import (
	"cmp"
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// poll is the interval between two looks at the state while the stage waits.
const poll = 250 * time.Millisecond

// observer watches the pods of a workload, the EndpointSlices of its Service
// and the events of the kubelets, and emits timeline events. Moments are those
// of arrival: the API server's own times have whole seconds only.
type observer struct {
	clock     timeline.Clock
	emit      func(timeline.Event)
	container string            // the one that serves
	preStop   *manifest.Handler // its hook, or nil
	stop      context.CancelFunc
	target    *Target
	client    dynamic.Interface
	log       io.Writer // of notes; may be nil
	running   sync.WaitGroup
	watches   *watches

	mu       sync.Mutex
	changed  func(timeline.Event) // called with every change in the slices; may be nil
	pods     map[types.UID]*podSeen
	order    []*podSeen         // in the order they were first seen
	progress time.Duration      // when a pod of the workload last became ready, or was removed
	own      map[types.UID]bool // of the workload; not yet known: no key
	slices   map[string]map[types.UID]endpoint
	shown    map[types.UID]endpoint // over all slices, as last emitted
}

// observerPermissions are what the observer needs.
var observerPermissions = slices.Concat(
	kube.Permissions("", "pods", "list", "watch"), kube.Permissions("apps", "replicasets", "get"),
	kube.Permissions("", "events", "list", "watch"), kube.Permissions("discovery.k8s.io", "endpointslices", "list", "watch"),
)

// Close ends the watches.
func (o *observer) Close() {
	o.stop()
	o.running.Wait()
	o.watches.close()
}

// watchIsBack records for how long no change was seen.
func (o *observer) watchIsBack(what string, since time.Time) {
	o.emit(timeline.Event{At: o.clock.Now(), Due: o.clock.At(since), Kind: timeline.Unwatched, Source: timeline.SourceAPI, Detail: what})
}

// isActive reports whether the pod is an active one of the workload.
func (o *observer) isActive(p *podSeen) bool { return p.active() && o.own[p.object.UID] }

// status is of the container that serves, or nil.
func (o *observer) status(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; s.Name == o.container {
			return s
		}
	}
	return nil
}

func (o *observer) emitFor(p *podSeen, e timeline.Event) {
	e.Pod, e.Source = p.name, cmp.Or(e.Source, timeline.SourceKubelet)
	o.emit(e)
}

// podOf is the pod that an attempt was sent to, as far as the client knows: the
// server named it, or the address is that of a pod. "" behind the address of a
// Service.
func (o *observer) podOf(a *timeline.Attempt) string {
	if a.Pod != "" {
		return o.podAt(a.Pod, a.Started)
	}
	if host, _, err := net.SplitHostPort(a.Addr); err == nil {
		return o.podAt(host, a.Started)
	}
	return ""
}

// podAt is the pod that had a name, or an IP address, at a moment. "" if it is
// none of the workload.
func (o *observer) podAt(name string, at time.Duration) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := ""
	for _, p := range o.order {
		if (p.object.Name == name || p.hasIP(name)) && p.since <= at {
			found = p.name
		}
	}
	return found
}
