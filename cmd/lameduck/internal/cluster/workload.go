package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// kinds are the names of a kind that kubectl accepts as well.
var kinds = map[string]string{
	"deploy": "deployments", "deployment": "deployments", "deployments": "deployments",
	"sts": "statefulsets", "statefulset": "statefulsets", "statefulsets": "statefulsets",
	"ds": "daemonsets", "daemonset": "daemonsets", "daemonsets": "daemonsets",
	"svc": "services", "service": "services", "services": "services",
}

// resource is the API resource of a kind.
func resource(kind string) kube.Named {
	if kind == "services" {
		return kube.Named(kube.Services)
	}
	return kube.Named{Group: "apps", Version: "v1", Resource: kind}
}

// ref is KIND/NAME; the kind is the plural of the API.
type ref struct{ kind, name string }

// CheckRef returns why an argument of the command line is not KIND/NAME of a kind
// that a trial can have.
func CheckRef(s string) error {
	_, err := parseRef(s)
	return err
}

func parseRef(s string) (ref, error) {
	const advice = "name a workload as in deploy/shop: deploy, sts, ds or svc, a slash, and the name; a program goes after two dashes: lameduck verify -- ./server"
	kind, name, ok := strings.Cut(s, "/")
	if !ok || name == "" || strings.Contains(name, "/") {
		return ref{}, hint.New(fmt.Errorf("%q is not KIND/NAME", s), advice)
	}
	plural, known := kinds[strings.ToLower(kind)]
	if !known {
		return ref{}, hint.New(fmt.Errorf("unknown kind %q", kind), advice)
	}
	return ref{plural, name}, nil
}

func (r ref) String() string { return strings.TrimSuffix(r.kind, "s") + "/" + r.name }

// workload is a Deployment, StatefulSet or DaemonSet, as far as a trial needs
// it.
type workload struct {
	ref
	namespace   string
	uid         types.UID
	replicas    int
	selector    labels.Selector
	template    corev1.PodTemplateSpec
	strategy    any   // of a Deployment: its spec.strategy
	minReady    int32 // seconds
	paused      bool
	progress    time.Duration // within which Kubernetes expects a rollout to make progress
	notReplaced string        // which pods a rollout does not replace, "" if it replaces all
	failure     string        // why its controller cannot make pods, "" if it can
	// notRolledOut is what the controller has not done yet; "" when the workload
	// is as its spec wants it, as kubectl rollout status decides.
	notRolledOut string
}

// defaultProgress is the progressDeadlineSeconds of a Deployment that has none
// of its own; other workloads have none at all.
const defaultProgress = 10 * time.Minute

// readWorkload asks the API server for it. The error has a hint.
func readWorkload(ctx context.Context, c dynamic.Interface, namespace string, r ref) (*workload, error) {
	read, known := readers[r.kind]
	if !known {
		return nil, fmt.Errorf("%s is no workload", r)
	}
	w, err := read(ctx, c, namespace, r.name)
	if err != nil {
		return nil, apiError(err, "get", "apps", r.kind, namespace)
	}
	w.ref, w.namespace = r, namespace
	return w, nil
}

// reader asks for the workload of a name.
type reader func(ctx context.Context, c dynamic.Interface, namespace, name string) (*workload, error)

var readers = map[string]reader{
	"deployments":  readerOf(kube.Deployments, fromDeployment),
	"statefulsets": readerOf(kube.StatefulSets, fromStatefulSet),
	"daemonsets":   readerOf(kube.DaemonSets, fromDaemonSet),
}

func readerOf[T any](r kube.Resource[T], from func(*T) *workload) reader {
	return func(ctx context.Context, c dynamic.Interface, namespace, name string) (*workload, error) {
		object, err := r.Get(ctx, c, namespace, name)
		if err != nil {
			return nil, err
		}
		return from(object), nil
	}
}

func fromDeployment(d *appsv1.Deployment) *workload {
	w := &workload{uid: d.UID, replicas: count(d.Spec.Replicas), template: d.Spec.Template,
		strategy: d.Spec.Strategy, minReady: d.Spec.MinReadySeconds, paused: d.Spec.Paused, progress: defaultProgress}
	if p := d.Spec.ProgressDeadlineSeconds; p != nil && *p < math.MaxInt32 { // which means none
		w.progress = time.Duration(*p) * time.Second
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			w.failure = c.Message
		}
	}
	w.selector, _ = metav1.LabelSelectorAsSelector(d.Spec.Selector)
	s := d.Status
	w.notRolledOut = rolloutState(w.replicas, d.Generation, s.ObservedGeneration, s.UpdatedReplicas, s.Replicas, s.AvailableReplicas)
	return w
}

func fromStatefulSet(s *appsv1.StatefulSet) *workload {
	w := &workload{uid: s.UID, replicas: count(s.Spec.Replicas), template: s.Spec.Template, minReady: s.Spec.MinReadySeconds, progress: defaultProgress}
	switch u := s.Spec.UpdateStrategy; {
	case u.Type == appsv1.OnDeleteStatefulSetStrategyType:
		w.notReplaced = onDelete
	case u.RollingUpdate != nil && u.RollingUpdate.Partition != nil && *u.RollingUpdate.Partition > 0:
		w.notReplaced = fmt.Sprintf("its updateStrategy has the partition %d, so a rollout leaves the pods below that number as they are", *u.RollingUpdate.Partition)
	}
	w.selector, _ = metav1.LabelSelectorAsSelector(s.Spec.Selector)
	updated := s.Status.UpdatedReplicas
	if s.Status.CurrentRevision == s.Status.UpdateRevision {
		updated = s.Status.CurrentReplicas
	}
	w.notRolledOut = rolloutState(w.replicas, s.Generation, s.Status.ObservedGeneration, updated, s.Status.Replicas, s.Status.AvailableReplicas)
	return w
}

func fromDaemonSet(d *appsv1.DaemonSet) *workload {
	s := d.Status
	w := &workload{uid: d.UID, replicas: int(s.DesiredNumberScheduled), template: d.Spec.Template, minReady: d.Spec.MinReadySeconds, progress: defaultProgress}
	if d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType {
		w.notReplaced = onDelete
	}
	w.selector, _ = metav1.LabelSelectorAsSelector(d.Spec.Selector)
	w.notRolledOut = rolloutState(w.replicas, d.Generation, s.ObservedGeneration, s.UpdatedNumberScheduled, s.CurrentNumberScheduled, s.NumberAvailable)
	return w
}

const onDelete = "its updateStrategy is OnDelete, so a rollout replaces no pod"

func count(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

// rolloutState compares the status with the spec.
func rolloutState(want int, generation, observed int64, updated, all, available int32) string {
	switch {
	case observed < generation:
		return "its controller has not seen the last change yet"
	case int(updated) < want:
		return fmt.Sprintf("%d of %d replicas are of the newest revision", updated, want)
	case int(all) > want:
		return fmt.Sprintf("%d old replicas are pending termination", int(all)-want)
	case int(available) < want:
		return fmt.Sprintf("%d of %d replicas are available", available, want)
	}
	return ""
}

// asDeployment is the workload as the manifest of a Deployment and its Service,
// in JSON, so that one reader parses pod templates.
func (w *workload) asDeployment(service *corev1.Service) ([]byte, error) {
	spec := map[string]any{"replicas": w.replicas, "minReadySeconds": w.minReady, "template": w.template}
	if w.strategy != nil {
		spec["strategy"] = w.strategy
	}
	meta := map[string]any{"name": w.name, "namespace": w.namespace}
	items := []any{map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}}
	if service != nil {
		s := service.DeepCopy()
		s.APIVersion, s.Kind, s.ManagedFields = "v1", "Service", nil
		items = append(items, s)
	}
	return json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
}
