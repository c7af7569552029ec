package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These tests change a node. They are not parallel to any
// other: Go runs them first, while those that are wait.

// TestPressure: the kubelet evicts pods of a node that is short of memory, and
// deletes none: their endpoints stay ready until a probe fails or they are
// gone. It leaves them 2 s, so that no readiness probe surely makes up for it.
func TestPressure(t *testing.T) {
	s, node := onOwnNode(t)
	trials := map[string]*trial{}
	for _, name := range []string{"default", "readiness"} {
		a := server(name)
		a.service, a.replicas, a.template, a.probe = nodePort, 2, spread, "failureThreshold: 1"
		s.deploy(a)
		trials[name] = s.watch("deploy/"+name, s.throughFirst(a), "--for=50s", rate)
	}
	s.restartKubelet(node, "--eviction-hard=memory.available<99%")
	for name := range trials {
		s.until(name+" is evicted", func() bool { return s.failed(name) != "" })
	}
	s.restoreKubelet(node)
	trials["default"].result(t).wantFindings(t, "evicted-without-notice")
	trials["readiness"].result(t).wantNoneBut(t, "evicted-without-notice")
}

// TestPreemption: for a critical pod the kubelet ends others, with all the time
// that they ask for, and deletes none.
func TestPreemption(t *testing.T) {
	s, node := onOwnNode(t)
	a := server("default")
	a.service, a.replicas, a.template, a.memory = nodePort, 2, spread, "1Gi"
	s.deploy(a)
	v := s.watch("deploy/"+a.name, s.throughFirst(a), "--for=20s", rate)
	kubectl(t, s.critical(node), "apply", "-n", s.name, "-f", "-")
	s.until("it is preempted", func() bool { return s.failed(a.name) == "Preempting" })
	v.result(t).wantFindings(t, "evicted-without-notice")
}

// critical is a pod that must run on the node, and has no room there beside
// one that has requested 1Gi.
func (s *namespace) critical(node string) string {
	s.Helper()
	all := s.kubectl("get", "node/"+node, "-o", "jsonpath={.status.allocatable.memory}")
	kibibytes, err := strconv.Atoi(strings.TrimSuffix(all, "Ki"))
	if err != nil {
		s.Fatalf("%s has %s of memory: %v", node, all, err)
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: critical}
spec:
  nodeName: %s
  priorityClassName: system-node-critical
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: app
    image: localhost/lameduck/server:1
    imagePullPolicy: Never
    args: [default]
    resources: {requests: {memory: %dKi}}
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`, node, kibibytes-512<<10)
}

// failed is why the kubelet has ended a pod of the app, or "".
func (s *namespace) failed(name string) string {
	s.Helper()
	return s.kubectl("get", "pods", "-l", "app="+name, "--field-selector=status.phase=Failed", "-o", "jsonpath={.items[*].status.reason}")
}

// TestKubeletRestart: one that is restarted in the middle of a termination
// begins it again, and the pod still ends by itself, once.
func TestKubeletRestart(t *testing.T) {
	s, node := onOwnNode(t)
	a := server("lameduck")
	a.service, a.replicas, a.template = nodePort, 2, spread
	s.deploy(a)
	v := s.watch("deploy/"+a.name, s.throughFirst(a), "--for=30s", rate)
	pod := s.podOn(a, node)
	s.kubectl("delete", pod, "--wait=false")
	s.until("it is stopping", func() bool { return s.event(pod, "Killing") })
	s.restartKubelet(node)
	r := v.result(t)
	r.wantFindings(t)
	r.wantEnded(t, 1)
	if got := r.pod(pod).exit(); got != "0" {
		t.Errorf("%s: exit %s, want 0", pod, got)
	}
}

// onOwnNode is a namespace, and a node of netnskube beside the first.
func onOwnNode(t *testing.T) (*namespace, string) {
	t.Helper()
	w, c := needNodes(t)
	if len(c.Nodes()) < 2 {
		t.Skip("it takes 2 nodes")
	}
	return newNamespace(t, w), c.Nodes()[1]
}

// restartKubelet gives it other flags until the end of the test.
func (s *namespace) restartKubelet(node string, flags ...string) {
	s.Helper()
	s.Cleanup(func() { s.restoreKubelet(node) })
	s.restart(node, flags...)
}

// restoreKubelet returns when the node takes pods as before.
func (s *namespace) restoreKubelet(node string) {
	s.Helper()
	s.restart(node)
	s.until(node+" takes pods", func() bool {
		ready := s.kubectl("get", "node/"+node, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status} {.spec.taints}`)
		return strings.TrimSpace(ready) == "True"
	})
}

func (s *namespace) restart(node string, flags ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), time.Minute)
	defer cancel()
	if err := s.cluster.Restart(ctx, node, "kubelet", flags...); err != nil {
		s.Fatal(err)
	}
}
