package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// perform runs the action once, and returns when it is complete.
func (s *Stage) perform(ctx context.Context) error {
	switch s.action {
	case timeline.Rollout:
		return s.rollout(ctx)
	case timeline.Delete:
		return s.remove(ctx, s.observer.activePods(), s.delete)
	case timeline.Evict:
		return s.evictOne(ctx)
	case timeline.DrainNode:
		return s.drain(ctx)
	case timeline.ScaleDown:
		return s.scaleDown(ctx)
	}
	return kube.Sleep(ctx, s.watchFor)
}

func (s *Stage) rollout(ctx context.Context) error {
	old := s.observer.activePods()
	patch := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{%q:%q}}}}}`, restartedAt, time.Now().Format(time.RFC3339Nano))
	if err := s.patch(ctx, s.client, patch); err != nil {
		return apiError(err, "patch", "apps", s.target.kind, s.target.namespace)
	}
	return s.settled(ctx, old, s.replicas)
}

// patch changes the workload.
func (s *Stage) patch(ctx context.Context, c dynamic.Interface, patch []byte, subresource ...string) error {
	return resource(s.target.kind).Patch(ctx, c, s.target.namespace, s.target.name, patch, subresource...)
}

// remove ends pods, by deletion or eviction, and waits for the pods that
// replace them.
func (s *Stage) remove(ctx context.Context, pods []*corev1.Pod, how func(context.Context, *corev1.Pod) error) error {
	for _, p := range pods {
		if err := how(ctx, p); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return s.settled(ctx, pods, s.replicas)
}

func (s *Stage) delete(ctx context.Context, p *corev1.Pod) error {
	err := kube.Pods.Delete(ctx, s.client, p.Namespace, p.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}})
	if err != nil && !apierrors.IsNotFound(err) {
		return apiError(err, "delete", "", "pods", p.Namespace)
	}
	return err
}

// evictOne evicts the pod that was seen first. There may be none: others delete
// pods, too.
func (s *Stage) evictOne(ctx context.Context) error {
	pods := s.observer.activePods()
	if len(pods) == 0 {
		return hint.New(fmt.Errorf("no pod of %s is left to evict", s.target), "it was removed during the trial, not by this tool: kubectl get pods, kubectl get events")
	}
	return s.remove(ctx, pods[:1], s.evict)
}

// evictionRetry is how long kubectl drain waits when a PodDisruptionBudget does
// not allow the eviction yet.
const evictionRetry = 5 * time.Second

// evict asks until the budget allows it, or the pod would have had time enough
// to become ready elsewhere.
func (s *Stage) evict(ctx context.Context, p *corev1.Pod) error {
	for deadline := time.Now().Add(s.readyTimeout); ; {
		_, err := kube.Evictions.Create(ctx, s.client, p.Namespace, &policyv1.Eviction{
			TypeMeta:      metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
			ObjectMeta:    metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}},
		}, "eviction")
		switch {
		case err == nil || apierrors.IsNotFound(err):
			return err
		case !apierrors.IsTooManyRequests(err):
			return apiError(err, "create", "", "pods/eviction", p.Namespace)
		case time.Now().After(deadline):
			return hint.New(fmt.Errorf("evict %s: %w", p.Name, err), "its PodDisruptionBudget never allows it: kubectl get poddisruptionbudget; with one replica a budget of minAvailable 1 blocks every eviction")
		}
		if err := kube.Sleep(ctx, evictionRetry); err != nil {
			return err
		}
	}
}

// drain evicts the workload's pods from one node, as kubectl drain would, and
// uncordons the node.
func (s *Stage) drain(ctx context.Context) error {
	node, err := s.nodeToDrain()
	if err != nil {
		return err
	}
	cordoned, err := s.cordon(ctx, node)
	if err != nil {
		return err
	}
	if err := s.remove(ctx, s.observer.activePodsOn(node), s.evict); err != nil || !cordoned {
		return err
	}
	return s.undo.last(ctx, s.client)
}

func (s *Stage) nodeToDrain() (string, error) {
	for _, p := range s.observer.activePods() {
		if s.node == "" || s.node == p.Spec.NodeName {
			return p.Spec.NodeName, nil
		}
	}
	return "", hint.New(fmt.Errorf("no pod of %s is on node %q", s.target, s.node), "kubectl get pods -o wide shows where they are")
}

// cordon keeps new pods off the node until the undo; a node that was cordoned
// before stays so.
func (s *Stage) cordon(ctx context.Context, node string) (changed bool, err error) {
	n, err := kube.Nodes.Get(ctx, s.client, "", node)
	if err != nil {
		return false, apiError(err, "get", "", "nodes", "")
	}
	if n.Spec.Unschedulable {
		return false, nil
	}
	s.undo.add(s.cfg.Access.kubectl("uncordon "+node), func(ctx context.Context, c dynamic.Interface) error { return setUnschedulable(ctx, c, node, "null") })
	return true, setUnschedulable(ctx, s.client, node, "true")
}

func setUnschedulable(ctx context.Context, c dynamic.Interface, node, value string) error {
	patch := []byte(`{"spec":{"unschedulable":` + value + `}}`)
	return apiError(kube.Nodes.Patch(ctx, c, "", node, patch), "patch", "", "nodes", "")
}

// scaleDown halves the replicas. When it is repeated they are scaled up again
// first, as in the lab.
func (s *Stage) scaleDown(ctx context.Context) error {
	if now := len(s.observer.activePods()); now < s.replicas {
		if err := s.scale(ctx, s.client, s.replicas); err != nil {
			return err
		}
		if err := s.settled(ctx, nil, s.replicas); err != nil {
			return err
		}
	}
	if len(s.undo.steps) == 0 {
		s.undoScale(s.replicas)
	}
	half := (s.replicas + 1) / 2
	if err := s.scale(ctx, s.client, half); err != nil {
		return err
	}
	return s.settled(ctx, nil, half)
}

func (s *Stage) undoScale(replicas int) {
	s.undo.add(s.cfg.Access.kubectl(fmt.Sprintf("scale %s --replicas %d -n %s", s.target, replicas, s.target.namespace)),
		func(ctx context.Context, c dynamic.Interface) error { return s.scale(ctx, c, replicas) })
}

func (s *Stage) scale(ctx context.Context, c dynamic.Interface, replicas int) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"replicas": replicas}})
	if err != nil {
		return err
	}
	return apiError(s.patch(ctx, c, patch, "scale"), "patch", "apps", s.target.kind+"/scale", s.target.namespace)
}
