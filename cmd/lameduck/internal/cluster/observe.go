package cluster

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// observe returns when all existing objects have been seen. Close has to be
// called.
func observe(ctx context.Context, c dynamic.Interface, t *Target, clock timeline.Clock, emit func(timeline.Event), log io.Writer) (*observer, error) {
	o := &observer{
		clock: clock, emit: emit, target: t, client: c, log: log, own: map[types.UID]bool{}, watches: newWatches(log), container: t.Manifest.Pod.Container, preStop: t.Manifest.Pod.PreStop,
		pods: map[types.UID]*podSeen{}, slices: map[string]map[types.UID]endpoint{}, shown: map[types.UID]endpoint{},
	}
	o.watches.back = o.watchIsBack
	watching, cancel := context.WithCancel(context.Background())
	o.stop = cancel
	var synced []cache.InformerSynced
	for _, w := range []struct {
		what     string
		informer func(dynamic.Interface, string, metav1.ListOptions, func(error)) (cache.SharedIndexInformer, error)
		of       metav1.ListOptions
		handlers []cache.ResourceEventHandler
	}{
		{"pods", kube.Pods.Informer, metav1.ListOptions{LabelSelector: t.selector.String()}, []cache.ResourceEventHandler{handler(o.podChanged, o.podDeleted), handler(func(p *corev1.Pod, before bool) { o.findOwner(watching, p, before) }, nil)}},
		{"endpointslices", kube.EndpointSlices.Informer, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + t.service.Name}, []cache.ResourceEventHandler{handler(o.sliceChanged, o.sliceDeleted)}},
		{"events", kube.Events.Informer, metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod"}, []cache.ResourceEventHandler{handler(o.kubeletEvent, nil)}},
	} {
		informer, err := w.informer(c, t.namespace, w.of, func(err error) { o.watches.report(w.what, err) })
		if err != nil {
			cancel()
			return nil, err
		}
		for _, h := range w.handlers {
			registered, err := informer.AddEventHandler(h)
			if err != nil {
				cancel()
				return nil, err
			}
			synced = append(synced, registered.HasSynced)
		}
		o.running.Go(func() { informer.RunWithContext(watching) })
	}
	ctx, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		why := cmp.Or(o.watches.why(), context.Cause(ctx))
		o.Close()
		return nil, hint.New(fmt.Errorf("timed out waiting for the watches to sync: %w", why), "does `kubectl get pods,endpointslices -w` work from here?")
	}
	return o, nil
}

// handler calls changed for every object that is new or has changed, with
// whether it existed before the watch, and gone for one that is deleted.
func handler[T any](changed func(object T, before bool), gone func(T)) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    func(object any, before bool) { changed(object.(T), before) },
		UpdateFunc: func(_, object any) { changed(object.(T), false) },
		DeleteFunc: func(object any) {
			if tomb, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = tomb.Obj
			}
			if o, ok := object.(T); ok && gone != nil {
				gone(o)
			}
		},
	}
}
