// Package kube reads and writes the objects of Kubernetes by their Go types.
//
// It goes through the dynamic client: the typed one links the types and the
// clients of all APIs, and this tool uses a dozen resources.
package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
)

// Resource is a resource of the API, and T the Go type of its objects.
type Resource[T any] schema.GroupVersionResource

// List is a list of objects, as the API server returns it.
type List[T any] struct {
	metav1.ListMeta `json:"metadata"`
	Items           []T `json:"items"`
}

func (r Resource[T]) in(c dynamic.Interface, namespace string) dynamic.ResourceInterface {
	return c.Resource(schema.GroupVersionResource(r)).Namespace(namespace)
}

// Get reads one object.
func (r Resource[T]) Get(ctx context.Context, c dynamic.Interface, namespace, name string) (*T, error) {
	u, err := r.in(c, namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, r.named(err, "get", name)
	}
	return typed[T](u)
}

// List reads the objects that the options choose.
func (r Resource[T]) List(ctx context.Context, c dynamic.Interface, namespace string, o metav1.ListOptions) (*List[T], error) {
	l, err := r.in(c, namespace).List(ctx, o)
	if err != nil {
		return nil, r.named(err, "get", "")
	}
	return typed[List[T]](l)
}

// Create makes an object, or a subresource of the object of the same name. It
// has to have its apiVersion and kind.
func (r Resource[T]) Create(ctx context.Context, c dynamic.Interface, namespace string, object *T, subresource ...string) (*T, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	u, err := r.in(c, namespace).Create(ctx, &unstructured.Unstructured{Object: m}, metav1.CreateOptions{}, subresource...)
	if err != nil {
		return nil, r.named(err, "post", "")
	}
	return typed[T](u)
}

// Patch changes an object, or a subresource, by a strategic merge patch.
func (r Resource[T]) Patch(ctx context.Context, c dynamic.Interface, namespace, name string, patch []byte, subresource ...string) error {
	_, err := r.in(c, namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, subresource...)
	return r.named(err, "patch", name)
}

// Delete deletes an object.
func (r Resource[T]) Delete(ctx context.Context, c dynamic.Interface, namespace, name string, o metav1.DeleteOptions) error {
	return r.named(r.in(c, namespace).Delete(ctx, name, o), "delete", name)
}

// Watch follows the objects that the options choose. Those of its events are
// of type *T, except that of an error.
func (r Resource[T]) Watch(ctx context.Context, c dynamic.Interface, namespace string, o metav1.ListOptions) (watch.Interface, error) {
	w, err := r.in(c, namespace).Watch(ctx, o)
	if err != nil {
		return nil, r.named(err, "get", "")
	}
	return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
		object, err := transform[T](e.Object)
		e.Object, _ = object.(runtime.Object)
		return e, err == nil
	}), nil
}

// errEnded is why there is no watch between two of them.
var errEnded = errors.New("the watch has ended")

// reported is a watch whose end is reported.
type reported struct {
	watch.Interface
	ended func() // once, however often it is stopped
}

func (t reported) Stop() {
	t.Interface.Stop()
	t.ended()
}

// Informer follows the objects that the selectors choose, and hands them to
// its handlers as *T. It calls report with nil when a watch has begun, and with
// the reason when there is none. That may pass: an informer begins a new watch by
// itself, again and again.
func (r Resource[T]) Informer(c dynamic.Interface, namespace string, selectors metav1.ListOptions, report func(error)) (cache.SharedIndexInformer, error) {
	choose := func(o metav1.ListOptions) metav1.ListOptions {
		o.LabelSelector, o.FieldSelector = selectors.LabelSelector, selectors.FieldSelector
		return o
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return r.in(c, namespace).List(ctx, choose(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := r.in(c, namespace).Watch(ctx, choose(o))
			report(err)
			if err != nil {
				return nil, err
			}
			return reported{w, sync.OnceFunc(func() { report(errEnded) })}, nil
		},
	}
	i := cache.NewSharedIndexInformer(cache.ToListWatcherWithWatchListSemantics(lw, c), &unstructured.Unstructured{}, 0, nil)
	return i, i.SetTransform(transform[T])
}

// transform makes a *T of what the dynamic client returns, and returns
// other objects, and a *T itself, unchanged.
func transform[T any](object any) (any, error) {
	if u, ok := object.(*unstructured.Unstructured); ok {
		return typed[T](u)
	}
	return object, nil
}

func typed[T any](u runtime.Unstructured) (*T, error) {
	t := new(T)
	return t, runtime.DefaultUnstructuredConverter.FromUnstructured(u.UnstructuredContent(), t)
}

// named adds the requested object to an error that lacks it, as the typed client
// does: a response of a proxy, or of an API that is not served.
func (r Resource[T]) named(err error, verb, name string) error {
	if !apierrors.IsUnexpectedServerError(err) {
		return err
	}
	what := schema.GroupVersionResource(r).GroupResource().String()
	return fmt.Errorf("%w (%s)", err, strings.TrimSpace(verb+" "+what+" "+name))
}

// Sleep waits between two requests, or returns why ctx ended first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
