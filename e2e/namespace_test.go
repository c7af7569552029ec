package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// namespace is a namespace of one test, with the strictest Pod Security there is.
type namespace struct {
	*testing.T
	*environment
	name string
}

var namespaces atomic.Int64

// cordoning is held by a test that cordons a node: of two, one has to stay.
var cordoning sync.Mutex

// newNamespace makes one, which goes with the test, as soon as there is processor
// time for it.
func newNamespace(t *testing.T, w *environment) *namespace {
	t.Helper()
	thisMachine.enter(t)
	s := &namespace{t, w, fmt.Sprintf("e2e-%d", namespaces.Add(1))}
	kubectl(t, fmt.Sprintf(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": %q, "labels": {
		"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}}}`, s.name), "apply", "-f", "-")
	t.Cleanup(func() {
		if t.Failed() {
			s.describe()
		}
		_, _ = try(t, "", "delete", "deployment,statefulset,daemonset,job,service,pod", "--all", "-n", s.name, "--grace-period=1", "--wait=false")
		if w.cluster == nil { // a namespace's deletion is work that ours does not need: it goes as a whole
			_, _ = try(t, "", "delete", "namespace", s.name, "--wait=false")
		}
	})
	return s
}

// describe logs what there is in the namespace, to find out why a test failed.
func (s *namespace) describe() {
	for _, args := range [][]string{{"get", "pods,endpointslices", "-o", "wide"}, {"get", "events", "--sort-by=.lastTimestamp"}} {
		out, err := try(s.T, "", append(args, "-n", s.name)...)
		s.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s *namespace) kubectl(args ...string) string {
	s.Helper()
	return kubectl(s.T, "", append(args, "-n", s.name)...)
}

// app is a Deployment and its Service.
type app struct {
	name     string
	image    string // default that of e2e/server
	args     []string
	replicas int      // default 1
	grace    int      // seconds; default 40
	preStop  string   // in YAML, or none
	env      []string // NAME=value
	service  string   // what its spec has besides, in YAML
	template string   // what the pod's spec has besides, in YAML
	memory   string   // requests.memory; default 16Mi
	eager    bool     // minReadySeconds 0; else 2
	probe    string   // what the readinessProbe has besides, in YAML
}

// server is one of e2e/server.
func server(name string) app { return app{name: name, args: []string{name}} }

// manifest has the strategy and the probes of deploy/kubernetes.yaml.
func (a app) manifest() string {
	var env strings.Builder
	for _, e := range a.env {
		name, value, _ := strings.Cut(e, "=")
		fmt.Fprintf(&env, "\n        - {name: %s, value: %q}", name, value)
	}
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  minReadySeconds: %[11]d
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: %[3]d
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      %[4]s
      containers:
      - name: app
        image: %[5]s
        imagePullPolicy: Never
        args: [%[6]s]
        ports: [{name: http, containerPort: 8080}]
        env:
        - {name: LAMEDUCK_GRACE, value: "%[3]ds"}%[7]s
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1%[12]s}
        resources: {requests: {cpu: 10m, memory: %[8]s}}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        %[9]s
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec:
  selector: {app: %[1]s}
  ports: [{name: http, port: 80, targetPort: http}]
  %[10]s
`, a.name, max(1, a.replicas), or(a.grace, 40), a.template, or(a.image, "localhost/lameduck/server:1"), strings.Join(a.args, ", "),
		env.String(), or(a.memory, "16Mi"), hook(a.preStop), a.service, a.minReady(), more(a.probe))
}

func (a app) minReady() int {
	if a.eager {
		return 0
	}
	return 2
}

// more are further fields of a mapping.
func more(fields string) string {
	if fields == "" {
		return ""
	}
	return ", " + fields
}

func hook(preStop string) string {
	if preStop == "" {
		return ""
	}
	return "lifecycle: {preStop: " + preStop + "}"
}

func or[T comparable](v, otherwise T) T {
	if v == *new(T) {
		return otherwise
	}
	return v
}

// deploy applies it, and waits until it is up.
func (s *namespace) deploy(a app) {
	s.Helper()
	kubectl(s.T, a.manifest(), "apply", "-n", s.name, "-f", "-")
	s.kubectl("rollout", "status", "deployment/"+a.name, "--timeout=90s")
}
