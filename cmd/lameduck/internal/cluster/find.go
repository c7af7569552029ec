package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// Query is how a user names a target.
type Query struct {
	Namespace string
	Ref       string // KIND/NAME: a Deployment, StatefulSet, DaemonSet or Service
	Service   string // the one to send to, if several lead to the pods
	Port      string // of the Service, by name or number; default the first of TCP
}

// Find looks the target up: from a workload to the Service in front of it, or
// from a Service to the workload behind it. Errors have hints.
func Find(ctx context.Context, c dynamic.Interface, q Query) (*Target, error) {
	r, err := parseRef(q.Ref)
	if err != nil {
		return nil, err
	}
	t := &Target{}
	if r.kind == "services" {
		q.Service = r.name
		if r, err = workloadBehind(ctx, c, q.Namespace, r.name); err != nil {
			return nil, err
		}
	}
	if t.workload, err = readWorkload(ctx, c, q.Namespace, r); err != nil {
		return nil, err
	}
	if err := t.findService(ctx, c, q); err != nil {
		return nil, err
	}
	if err := t.choosePort(q.Port); err != nil {
		return nil, err
	}
	t.owners = newOwners(t.workload)
	others, err := t.others(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		t.Notes = append(t.Notes, t.noteOn(others...))
	}
	return t, t.read()
}

// workloadBehind finds the workload with the pods that a Service selects.
func workloadBehind(ctx context.Context, c dynamic.Interface, namespace, service string) (ref, error) {
	s, err := kube.Services.Get(ctx, c, namespace, service)
	if err != nil {
		return ref{}, apiError(err, "get", "", "services", namespace)
	}
	if len(s.Spec.Selector) == 0 {
		return ref{}, hint.New(fmt.Errorf("service/%s has no selector, so its pods are not known", service),
			"name a Service with a selector: kubectl get services -n "+namespace+" -o wide lists the selectors")
	}
	selector := labels.SelectorFromSet(s.Spec.Selector).String()
	pods, err := kube.Pods.List(ctx, c, namespace, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return ref{}, apiError(err, "list", "", "pods", namespace)
	}
	var found []ref
	for i := range pods.Items {
		r, err := owner(ctx, c, &pods.Items[i])
		if err != nil {
			return ref{}, err
		}
		if r.name != "" && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 {
		return ref{}, hint.New(fmt.Errorf("no Deployment, StatefulSet or DaemonSet has pods behind service/%s", service),
			"kubectl get pods -n "+namespace+" -l "+selector+" shows the pods that it selects")
	}
	return ref{}, hint.New(fmt.Errorf("%d workloads have pods behind service/%s", len(found), service),
		fmt.Sprintf("name one of them, as in %s --service %s", found[0], service))
}

// owner is the workload that controls a pod; of a ReplicaSet, the Deployment.
func owner(ctx context.Context, c dynamic.Interface, pod *corev1.Pod) (ref, error) {
	o := metav1.GetControllerOf(pod)
	if o == nil {
		return ref{}, nil
	}
	if o.Kind != "ReplicaSet" {
		return ref{kinds[strings.ToLower(o.Kind)], o.Name}, nil
	}
	rs, err := kube.ReplicaSets.Get(ctx, c, pod.Namespace, o.Name)
	if err != nil {
		return ref{}, apiError(err, "get", "apps", "replicasets", pod.Namespace)
	}
	if o = metav1.GetControllerOf(rs); o == nil {
		return ref{}, nil
	}
	return ref{kinds[strings.ToLower(o.Kind)], o.Name}, nil
}

// findService finds the Service that selects the pods.
func (t *Target) findService(ctx context.Context, c dynamic.Interface, q Query) error {
	list, err := kube.Services.List(ctx, c, q.Namespace, metav1.ListOptions{})
	if err != nil {
		return apiError(err, "list", "", "services", q.Namespace)
	}
	var names []string
	for i := range list.Items {
		s := &list.Items[i]
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(t.template.Labels)) {
			continue
		}
		names = append(names, s.Name)
		if t.service == nil && (q.Service == "" || q.Service == s.Name) {
			t.service = s
		}
	}
	switch {
	case t.service == nil && len(names) == 0:
		return hint.New(fmt.Errorf("no Service selects the pods of %s", t.ref), "clients need one: kubectl expose, or check that its selector has the labels of the pods")
	case t.service == nil:
		return hint.New(fmt.Errorf("service/%s does not select the pods of %s", q.Service, t.ref), "these do: "+strings.Join(names, ", "))
	case q.Service == "" && len(names) > 1:
		t.Notes = append(t.Notes, fmt.Sprintf("%s select these pods; the traffic is sent to %s (--service chooses)", strings.Join(names, ", "), t.service.Name))
	}
	return nil
}

func (t *Target) choosePort(want string) error {
	var names []string
	for _, p := range t.service.Spec.Ports {
		if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
			continue
		}
		number := strconv.Itoa(int(p.Port))
		if want == "" || want == p.Name || want == number {
			t.port = p
			return nil
		}
		names = append(names, number)
	}
	if want == "" {
		return hint.New(fmt.Errorf("service/%s has no TCP port", t.service.Name), "only a TCP port can be tested")
	}
	return hint.New(fmt.Errorf("service/%s has no TCP port %q", t.service.Name, want), "it has "+strings.Join(names, ", "))
}

// read takes from the pod template what the diagnosis needs.
func (t *Target) read() error {
	data, err := t.asDeployment(t.service)
	if err != nil {
		return err
	}
	if t.Manifest, err = manifest.Read(t.String(), bytes.NewReader(data), manifest.Choice{}); err != nil {
		return err
	}
	return nil
}

// Ready returns why a trial should not begin yet: effects of the trial could
// not be distinguished from what is already happening.
func (t *Target) Ready() error {
	switch {
	case t.replicas == 0 && t.kind == "daemonsets":
		return hint.New(fmt.Errorf("%s has no pods: no node is eligible", t), "kubectl describe "+t.String()+" -n "+t.namespace+" shows its node selector")
	case t.replicas == 0:
		return hint.New(fmt.Errorf("%s has no replicas", t), "scale it up first: kubectl scale "+t.String()+" --replicas 2 -n "+t.namespace)
	case t.paused:
		return hint.New(fmt.Errorf("the rollout of %s is paused", t), "kubectl rollout resume "+t.String()+" -n "+t.namespace)
	case t.notRolledOut != "":
		return hint.New(fmt.Errorf("%s is not ready for a trial: %s", t, t.notRolledOut), "kubectl rollout status "+t.String()+" -n "+t.namespace+" shows when it is")
	}
	return nil
}

// settling reports whether the workload only needs time.
func (t *Target) settling() bool { return t.replicas > 0 && !t.paused }

// headless Services have no address of their own: clients ask DNS for pods.
func (t *Target) headless() bool { return t.service.Spec.ClusterIP == corev1.ClusterIPNone }

// address is where clients inside the cluster connect to.
func (t *Target) address() (string, error) {
	switch ip := t.service.Spec.ClusterIP; {
	case t.headless():
		return net.JoinHostPort(t.service.Name+"."+t.namespace+".svc", strconv.Itoa(t.targetPort())), nil
	case ip == "":
		return "", hint.New(errors.New("service/"+t.service.Name+" has no ClusterIP"), "name the address that clients connect to with --url")
	default:
		return net.JoinHostPort(ip, strconv.Itoa(int(t.port.Port))), nil
	}
}

// ReadyListens reports whether the readiness probe connects to the port of the pods.
func (t *Target) ReadyListens() bool {
	probe := t.Manifest.Pod.Readiness
	var ref manifest.PortRef
	switch {
	case probe == nil:
		return false
	case probe.HTTP != nil:
		ref = probe.HTTP.Port
	case probe.TCP != nil:
		ref = probe.TCP.Port
	case probe.GRPC != nil:
		ref = probe.GRPC.Port
	}
	port := t.Manifest.Pod.PortNumber(ref)
	return port != 0 && port == t.targetPort()
}

// targetPort is the port of the pods.
func (t *Target) targetPort() int {
	if p := t.port.TargetPort; p.IntValue() != 0 {
		return p.IntValue()
	} else if p.StrVal != "" {
		return t.Manifest.Pod.PortNumber(manifest.PortRef{Name: p.StrVal})
	}
	return int(t.port.Port)
}
