package cluster

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube/kubetest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

var shopLabels = map[string]string{"app": "shop"}

// deployment is one that is as its spec wants it.
func deployment(replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "prod", UID: "d", Generation: 3},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: shopLabels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: shopLabels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: new(int64(40)),
					Containers: []corev1.Container{{
						Name: "web", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
						Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 5}}},
					}},
				},
			},
		},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: replicas, UpdatedReplicas: replicas, AvailableReplicas: replicas},
	}
}

func service(name string, selector map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "prod"},
		Spec: corev1.ServiceSpec{Selector: selector, ClusterIP: "10.96.1.2", Type: corev1.ServiceTypeClusterIP, Ports: []corev1.ServicePort{
			{Name: "dns", Protocol: corev1.ProtocolUDP, Port: 53},
			{Name: "web", Port: 80, TargetPort: intstr.FromString("http")},
			{Name: "admin", Port: 81, TargetPort: intstr.FromInt32(9000)},
		}},
	}
}

func pod(name, ownerKind, owner string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "prod", UID: "uid-" + "x", Labels: shopLabels,
		OwnerReferences: []metav1.OwnerReference{{Kind: ownerKind, Name: owner, UID: types.UID(owner), Controller: new(true)}}}}
}

// replicaSet is one that a Deployment of this UID controls.
func replicaSet(name string, of types.UID) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "prod", UID: types.UID(name),
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "shop", UID: of, Controller: new(true)}}}}
}

func TestFind(t *testing.T) {
	everything := []runtime.Object{deployment(2), service("shop", shopLabels), service("other", map[string]string{"app": "other"}), replicaSet("shop-1", "d"), pod("shop-1-a", "ReplicaSet", "shop-1")}
	for _, tt := range []struct {
		name    string
		objects []runtime.Object
		query   Query
		found   string // the workload, the Service, its port
		fails   string // "error; hint"
	}{
		{"a Deployment", everything, Query{Ref: "deploy/shop"}, "deployment/shop shop 80", ""},
		{"by the API's name", everything, Query{Ref: "Deployments/shop"}, "deployment/shop shop 80", ""},
		{"a port by name", everything, Query{Ref: "deploy/shop", Port: "admin"}, "deployment/shop shop 81", ""},
		{"a port by number", everything, Query{Ref: "deploy/shop", Port: "81"}, "deployment/shop shop 81", ""},
		{"a Service", everything, Query{Ref: "svc/shop"}, "deployment/shop shop 80", ""},
		{"no port", everything, Query{Ref: "deploy/shop", Port: "53"}, "", `no TCP port "53"; it has 80, 81`},
		{"no such one", everything, Query{Ref: "deploy/nope"}, "", `"nope" not found; -n chooses the namespace, here prod`},
		{"no such kind", everything, Query{Ref: "bin/app"}, "", `unknown kind "bin"; name a workload as in deploy/shop`},
		{"no kind", everything, Query{Ref: "shop"}, "", `"shop" is not KIND/NAME`},
		{"another's Service", everything, Query{Ref: "deploy/shop", Service: "other"}, "", "service/other does not select the pods of deployment/shop; these do: shop"},
		{"no Service", []runtime.Object{deployment(1)}, Query{Ref: "deploy/shop"}, "", "no Service selects the pods"},
		{"nothing behind it", []runtime.Object{service("shop", shopLabels)}, Query{Ref: "svc/shop"}, "", "no Deployment, StatefulSet or DaemonSet has pods behind service/shop; kubectl get pods -n prod -l app=shop shows"},
		{"two behind it", []runtime.Object{service("shop", shopLabels), pod("a", "StatefulSet", "a"), pod("b", "DaemonSet", "b")}, Query{Ref: "svc/shop"}, "", "2 workloads have pods behind service/shop; name one of them, as in statefulset/a --service shop"},
		{"no selector", []runtime.Object{service("shop", nil)}, Query{Ref: "svc/shop"}, "", "service/shop has no selector, so its pods are not known; name a Service with a selector"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Namespace = "prod"
			target, err := Find(t.Context(), kubetest.New(tt.objects...), tt.query)
			if got := outcome(target, err); tt.fails == "" && got != tt.found || !strings.Contains(got, tt.fails) {
				t.Errorf("%s, want %s%s", got, tt.found, tt.fails)
			}
		})
	}
}

func outcome(target *Target, err error) string {
	if err != nil {
		return err.Error() + "; " + hint.Of(err)
	}
	return fmt.Sprintf("%s %s %d", target, target.service.Name, target.port.Port)
}

// TestThePodTemplateIsRead: by the one reader of manifests.
func TestThePodTemplateIsRead(t *testing.T) {
	target := find(t, kubetest.New(deployment(2), service("shop", shopLabels)))
	pod := target.Manifest.Pod
	if pod.Grace.Seconds() != 40 || pod.PreStop == nil || pod.PreStop.Sleep.Seconds() != 5 || target.targetPort() != 8080 {
		t.Errorf("grace %v, preStop %+v, port %d", pod.Grace, pod.PreStop, target.targetPort())
	}
	if got, want := target.pods(), "2 replicas, grace period 40s, preStop sleep 5s, ready by start of the container (no readiness probe)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func find(t *testing.T, c dynamic.Interface) *Target {
	t.Helper()
	target, err := Find(t.Context(), c, Query{Namespace: "prod", Ref: "deploy/shop"})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestNotReadyToBeTried(t *testing.T) {
	for want, change := range map[string]func(*appsv1.Deployment){
		"":                                       func(*appsv1.Deployment) {},
		"has no replicas":                        func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(0)) },
		"is paused":                              func(d *appsv1.Deployment) { d.Spec.Paused = true },
		"not seen the last change":               func(d *appsv1.Deployment) { d.Generation++ },
		"1 of 2 replicas are of":                 func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 1 },
		"1 old replicas are pending termination": func(d *appsv1.Deployment) { d.Status.Replicas = 3 },
		"1 of 2 replicas are avail":              func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 1 },
	} {
		d := deployment(2)
		change(d)
		err := find(t, kubetest.New(d, service("shop", shopLabels))).Ready()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || hint.Of(err) == "") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestAddress: what clients dial, of whatever IP family.
func TestAddress(t *testing.T) {
	for ip, want := range map[string]string{
		"10.96.1.2":          "10.96.1.2:80",
		"fd00:10:96::1":      "[fd00:10:96::1]:80",
		corev1.ClusterIPNone: "shop.prod.svc:8080",
		"":                   "service/shop has no ClusterIP",
	} {
		target := find(t, kubetest.New(deployment(1), service("shop", shopLabels)))
		target.service.Spec.ClusterIP = ip
		got, err := target.address()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", ip, got, want)
		}
	}
}

// TestHintsAreFollowed: a hint leads further than to the same error.
func TestHintsAreFollowed(t *testing.T) {
	t.Run("no replicas", func(t *testing.T) {
		err := find(t, kubetest.New(deployment(0), service("shop", shopLabels))).Ready()
		command := regexp.MustCompile(`kubectl scale deployment/shop --replicas (\d+) -n prod$`).FindStringSubmatch(hint.Of(err))
		if command == nil {
			t.Fatalf("%v; %s", err, hint.Of(err))
		}
		replicas, _ := strconv.Atoi(command[1])
		if err := find(t, kubetest.New(deployment(int32(replicas)), service("shop", shopLabels))).Ready(); err != nil {
			t.Errorf("after the hint: %v", err)
		}
	})
	t.Run("several workloads", func(t *testing.T) {
		other := deployment(1)
		other.Name = "canary"
		c := kubetest.New(deployment(1), other, service("shop", shopLabels), service("all", shopLabels),
			pod("a", "Deployment", "shop"), pod("b", "Deployment", "canary"))
		_, err := Find(t.Context(), c, Query{Namespace: "prod", Ref: "svc/shop"})
		name, service, _ := strings.Cut(hint.Of(err)[strings.LastIndex(hint.Of(err), "as in ")+len("as in "):], " --service ")
		target, err := Find(t.Context(), c, Query{Namespace: "prod", Ref: name, Service: service})
		if err != nil || target.service.Name != "shop" {
			t.Errorf("after the hint, %s --service %s: %v", name, service, err)
		}
	})
}

// TestOthersAreNamed: before anything is done.
func TestOthersAreNamed(t *testing.T) {
	debug := pod("debug", "", "")
	debug.OwnerReferences = nil
	over := pod("backup-1", "Job", "backup")
	over.Status.Phase = corev1.PodSucceeded
	target := find(t, kubetest.New(deployment(1), service("shop", shopLabels), replicaSet("shop-1", "d"), replicaSet("canary-1", "other"),
		pod("shop-1-a", "ReplicaSet", "shop-1"), pod("canary-1-a", "ReplicaSet", "canary-1"), debug, over))
	const want = "not of deployment/shop, but with the same labels: pod/canary-1-a of replicaset/canary-1, pod/debug; the action does not change them, and connections may be routed to them"
	if len(target.Notes) != 1 || target.Notes[0] != want {
		t.Errorf("%q, want %q", target.Notes, want)
	}
}

// TestReadyListens: a probe at the port of the Service shows that a ready pod listens.
func TestReadyListens(t *testing.T) {
	target := find(t, kubetest.New(deployment(2), service("shop", shopLabels)))
	for port, want := range map[int]bool{8080: true, 9000: false} {
		at := manifest.PortRef{Number: port}
		for _, probe := range []manifest.Handler{{HTTP: &manifest.HTTPGet{Port: at}}, {TCP: &manifest.TCPSocket{Port: at}}, {GRPC: &manifest.GRPC{Port: at}}} {
			target.Manifest.Pod.Readiness = &manifest.Probe{Handler: probe}
			if got := target.ReadyListens(); got != want {
				t.Errorf("%+v: %v", probe, got)
			}
		}
	}
	for _, probe := range []*manifest.Probe{nil, {Handler: manifest.Handler{Exec: []string{"true"}}}} {
		if target.Manifest.Pod.Readiness = probe; target.ReadyListens() {
			t.Errorf("%+v", probe)
		}
	}
}
