package cluster

import (
	"errors"
	"slices"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// shop is a Deployment with all that belongs to it, and as much that does not.
func shop() []runtime.Object {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "prod"} }
	budget := func(name, app string) *policyv1.PodDisruptionBudget {
		selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
		return &policyv1.PodDisruptionBudget{ObjectMeta: meta(name), Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector}}
	}
	scaler := func(name, target string) *autoscalingv2.HorizontalPodAutoscaler {
		ref := autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: target}
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta(name), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: ref}}
	}
	d := deployment(2)
	config := corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}
	gone := corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "gone"}}
	d.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "a", VolumeSource: corev1.VolumeSource{ConfigMap: &config}}}
	d.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &gone}}
	return []runtime.Object{
		d, service("shop", shopLabels), service("other", map[string]string{"app": "other"}), service("external", nil),
		budget("shop", "shop"), budget("other", "other"), scaler("shop", "shop"), scaler("other", "other"),
		&corev1.ConfigMap{ObjectMeta: meta("config"), Data: map[string]string{"a": "b"}}, &corev1.ConfigMap{ObjectMeta: meta("other")},
	}
}

// The objects of a workload are those of its pods, and can be read as a file.
func TestManifests(t *testing.T) {
	text, err := Manifests(t.Context(), &Access{Client: kubetest.New(shop()...), Namespace: "prod"}, "deploy/shop")
	if err != nil {
		t.Fatal(err)
	}
	objects, skipped, errs := object.Read(&object.File{Name: "deploy/shop", Data: text})
	var got []string
	for _, o := range objects {
		got = append(got, o.String())
	}
	want := []string{"Deployment prod/shop", "Service prod/shop", "PodDisruptionBudget prod/shop", "HorizontalPodAutoscaler prod/shop", "ConfigMap prod/config"}
	if diff := cmp.Diff(want, got); diff != "" || len(skipped)+len(errs) > 0 {
		t.Errorf("%v %v %s", skipped, errs, diff)
	}
	if strings.Contains(string(text), "status:") || strings.Contains(string(text), "uid:") {
		t.Errorf("what the cluster has added is left:\n%s", text)
	}
}

// What may not be read is no object that is missing.
func TestManifestsThatMayNotBeRead(t *testing.T) {
	client := kubetest.New(shop()...)
	client.PrependReactor("list", "poddisruptionbudgets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Group: "policy", Resource: "poddisruptionbudgets"}, "", errors.New("no"))
	})
	_, err := Manifests(t.Context(), &Access{Client: client, Namespace: "prod"}, "deploy/shop")
	if err == nil || !strings.Contains(err.Error(), "not allowed to list poddisruptionbudgets.policy in prod") || hint.Of(err) == "" {
		t.Errorf("%v", err)
	}
	if _, err := Manifests(t.Context(), &Access{Client: kubetest.New(), Namespace: "prod"}, "deploy/shop"); err == nil {
		t.Error("a workload that does not exist")
	}
}

// TestManifestsReadsWhatIsGranted: no more than the role lameduck-lint has, and each of it.
func TestManifestsReadsWhatIsGranted(t *testing.T) {
	var asked []kube.Permission
	for _, name := range []string{"deploy/shop", "sts/shop", "ds/shop", "service/shop"} {
		client := kubetest.New(append(shop(), pod("shop-1", "ReplicaSet", "shop-a"), replicaSet("shop-a", "1"))...)
		_, _ = Manifests(t.Context(), &Access{Client: client, Namespace: "prod"}, name) // not all are there
		for _, a := range client.Actions() {
			asked = append(asked, kube.Permission{Verb: a.GetVerb(), Group: a.GetResource().Group, Resource: a.GetResource().Resource})
		}
	}
	if diff := cmp.Diff(asLines(slices.Concat(findPermissions, manifestPermissions)), asLines(asked)); diff != "" {
		t.Errorf("granted and asked for differ:\n%s", diff)
	}
}
