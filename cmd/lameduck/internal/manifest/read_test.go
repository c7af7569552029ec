package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// deployment is a Deployment with the given lines in its container and in the
// pod's spec; both are indented here.
func deployment(container, spec string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    metadata:
      labels: {app: shop, tier: web}
    spec:
` + indent("      ", spec) + `      containers:
      - name: app
        ports:
        - {name: http, containerPort: 8080}
` + indent("        ", container)
}

func indent(by, lines string) string {
	if lines == "" {
		return ""
	}
	return by + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n"+by) + "\n"
}

func read(t *testing.T, text string) *Workload {
	t.Helper()
	w, err := Read("deploy.yaml", strings.NewReader(text), Choice{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return w
}

func TestDefaults(t *testing.T) {
	got := read(t, deployment("", ""))
	quarter := IntOrPercent{25, true}
	want := &Workload{
		File: "deploy.yaml", Kind: "Deployment", Name: "shop", Namespace: "default", Replicas: 1,
		Strategy: Strategy{Type: "RollingUpdate", MaxSurge: quarter, MaxUnavailable: quarter},
		Pod: Pod{
			Labels: map[string]string{"app": "shop", "tier": "web"}, Grace: 30 * time.Second,
			Container: "app", Ports: []Port{{"http", 8080}},
		},
		Target: Port{"http", 8080}, // the container's first
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Workload{}, "Positions")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryField(t *testing.T) {
	got := read(t, `
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: c}
  data: {a: "1"}
- apiVersion: v1
  kind: Service
  metadata: {name: front, namespace: prod}
  spec:
    selector: {app: shop}
    externalTrafficPolicy: Local
    publishNotReadyAddresses: true
    ports:
    - {name: web, port: 80, targetPort: http}
    - {name: plain, port: 9000}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: shop, namespace: prod}
  spec:
    replicas: 5
    minReadySeconds: 4
    strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 2, maxUnavailable: 40%}}
    template:
      metadata: {labels: {app: shop}}
      spec:
        terminationGracePeriodSeconds: 60
        containers:
        - name: app
          command: [/app]
          args: ["-v", "2"]
          env:
          - {name: MODE, value: fast}
          - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
          ports: [{name: http, containerPort: 8080}, {containerPort: 9000}]
          lifecycle: {stopSignal: SIGUSR1, preStop: {sleep: {seconds: 10}}}
          readinessProbe:
            httpGet: {path: /ready, port: http, host: h, scheme: HTTPS, httpHeaders: [{name: A, value: b}]}
            initialDelaySeconds: 1
            periodSeconds: 2
            timeoutSeconds: 3
            successThreshold: 4
            failureThreshold: 5
          livenessProbe: {grpc: {port: 8080, service: s}, terminationGracePeriodSeconds: 7}
          startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 0}
`)
	ten := 10 * time.Second
	want := &Workload{
		File: "deploy.yaml", Kind: "Deployment", Name: "shop", Namespace: "prod", Replicas: 5,
		Strategy: Strategy{Type: "RollingUpdate", MaxSurge: IntOrPercent{2, false}, MaxUnavailable: IntOrPercent{40, true}},
		MinReady: 4 * time.Second,
		Pod: Pod{
			Labels: map[string]string{"app": "shop"}, Grace: time.Minute, Container: "app",
			Command: []string{"/app"}, Args: []string{"-v", "2"},
			Env:     []Env{{Name: "MODE", Value: "fast"}, {Name: "POD", FieldPath: "metadata.name"}},
			Ports:   []Port{{"http", 8080}, {"", 9000}},
			PreStop: &Handler{Sleep: &ten}, StopSignal: "SIGUSR1",
			Readiness: &Probe{
				Handler:      Handler{HTTP: &HTTPGet{"/ready", PortRef{Name: "http"}, "h", "HTTPS", [][2]string{{"A", "b"}}}},
				InitialDelay: time.Second, Period: 2 * time.Second, Timeout: 3 * time.Second,
				SuccessThreshold: 4, FailureThreshold: 5,
			},
			Liveness: &Probe{
				Handler: Handler{GRPC: &GRPC{PortRef{Number: 8080}, "s"}},
				Period:  ten, Timeout: time.Second, SuccessThreshold: 1, FailureThreshold: 3, Grace: 7 * time.Second,
			},
			Startup: &Probe{
				Handler: Handler{TCP: &TCPSocket{PortRef{Number: 8080}}},
				Period:  ten, Timeout: time.Second, SuccessThreshold: 1, FailureThreshold: 3,
			},
		},
		Service: &Service{
			Name: "front", PublishNotReadyAddresses: true,
			Ports: []ServicePort{{"web", 80, PortRef{Name: "http"}}, {"plain", 9000, PortRef{Number: 9000}}},
		},
		Target: Port{"http", 8080},
		Notes: []string{
			"deploy.yaml:17:5: the load goes to Service front:80; front:9000 would lead to these pods too (--service and --port choose)",
			"deploy.yaml:29:9: Kubernetes refuses lifecycle.stopSignal in a pod without os.name; the lab uses it nevertheless",
			"deploy.yaml:14:28: externalTrafficPolicy Local is treated as Cluster: pods of the lab are not assigned to nodes",
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Workload{}, "Positions")); diff != "" {
		t.Error(diff)
	}
}

func TestPositions(t *testing.T) {
	w := read(t, deployment("", "terminationGracePeriodSeconds: 60")+service80("http"))
	for path, want := range map[string]Pos{
		"spec.template.spec.terminationGracePeriodSeconds":           {10, 7},
		"spec.template.spec.containers[0].ports[0].containerPort":    {14, 24},
		"Service/front.spec.ports[0].targetPort":                     {21, 22},
		"spec.template.spec.containers[0].lifecycle.preStop.httpGet": {},
	} {
		if got := w.Positions[path]; got != want {
			t.Errorf("Positions[%q] = %v, want %v", path, got, want)
		}
	}
}

func service80(target string) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: %s}]
`, target)
}

func TestAliasesAndMerges(t *testing.T) {
	w := read(t, deployment(`
readinessProbe: &probe
  httpGet: {port: 8080}
  periodSeconds: 5
livenessProbe:
  <<: *probe
  periodSeconds: 20
startupProbe: *probe
`, ""))
	for name, got := range map[string]*Probe{"readiness": w.Pod.Readiness, "startup": w.Pod.Startup} {
		if got.Period != 5*time.Second || got.HTTP.Path != "/" {
			t.Errorf("%s = %+v", name, got)
		}
	}
	if got := w.Pod.Liveness; got.Period != 20*time.Second || got.HTTP.Port.Number != 8080 {
		t.Errorf("the merged probe = %+v", got)
	}
}

func TestContainerBehindTheService(t *testing.T) {
	two := deployment("", "") + "      - name: behind\n        ports: [{name: api, containerPort: 9000}]\n"
	for target, want := range map[string]string{"http": "app", "8080": "app", "api": "behind", "9000": "behind", "7000": "app"} {
		w := read(t, two+service80(target))
		if w.Pod.Container != want {
			t.Errorf("targetPort %s: container %s, want %s", target, w.Pod.Container, want)
		}
	}
	if got := read(t, two+service80("api")).Target; got != (Port{"api", 9000}) {
		t.Errorf("Target = %v, want api 9000", got)
	}
}

func TestNotes(t *testing.T) {
	w := read(t, deployment(`
envFrom: [{configMapRef: {name: c}}]
env:
- {name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}
- {name: KEPT, value: "1"}
lifecycle:
  postStart: {exec: {command: [a]}}
  preStop: {tcpSocket: {port: 8080}}
`, `
initContainers:
- {name: migrate}
- {name: proxy, restartPolicy: Always}
`)+service80("http")+strings.ReplaceAll(service80("8080"), "front", "second")+`---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {selector: {app: else}}
---
apiVersion: v1
kind: Service
metadata: {name: bare}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: knative}
---
apiVersion: v1
kind: Service
metadata: {name: there, namespace: prod}
spec: {selector: {app: shop}}
`)
	want := []string{
		`deploy.yaml:39:1: Service other selects other pods and is left out`,
		`deploy.yaml:44:1: Service bare selects other pods and is left out`,
		`deploy.yaml:52:1: Service there is in namespace prod and the pods are in default, so it selects none of them and is left out`,
		`deploy.yaml:30:10: the load goes to Service front:80; second:80 would lead to these pods too (--service and --port choose)`,
		`deploy.yaml:22:22: the postStart hook is not run`,
		`deploy.yaml:23:20: Kubernetes has no tcpSocket hook: it fails, and the stop signal follows at once`,
		`deploy.yaml:11:9: init container migrate is not run, only app is`,
		`deploy.yaml:12:9: sidecar proxy is not run, only app is`,
		`deploy.yaml:17:34: ConfigMap c is not in the file: its variables keep the values that they have in this shell, if any`,
		`deploy.yaml:19:54: env PASSWORD comes from Secret s, which is not in the file: it keeps the value that it has in this shell, if any`,
	}
	if diff := cmp.Diff(want, w.Notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Env{{Name: "KEPT", Value: "1"}}, w.Pod.Env); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	const container = "deploy.yaml:%d:%d: spec.template.spec.containers[0]."
	for name, test := range map[string]struct{ text, want, hint string }{
		"empty":           {"", "deploy.yaml: no Kubernetes object in it", "it needs a Deployment, StatefulSet or DaemonSet, and the Service in front of it"},
		"only a comment":  {"# nothing\n---\n", "deploy.yaml: no Kubernetes object in it", "it needs a Deployment, StatefulSet or DaemonSet, and the Service in front of it"},
		"not YAML":        {"a: 1\nb: [\n", "deploy.yaml:3:1: not YAML: did not find expected node content while parsing a flow node", ""},
		"tab":             {"kind: A\nx:\n\ty: 1\n", "deploy.yaml:3:1: not YAML: the line is indented by a tab, where only spaces may be", ""},
		"binary":          {"\x7fELF\x00\x01", "deploy.yaml: not YAML: control characters are not allowed (value: 0)", ""},
		"text":            {"hello\n", `deploy.yaml:1:1: want fields, not "hello"`, ""},
		"no kind":         {"a: 1\n", "deploy.yaml:1:1: kind: missing", ""},
		"no Deployment":   {"kind: ConfigMap\n---\nkind: Service\n---\nkind: ConfigMap\n", "deploy.yaml: no Deployment, StatefulSet or DaemonSet in it, only ConfigMap, Service", "it needs one of apps/v1, and the Service in front of it"},
		"two":             {deployment("", "") + "---\n" + deployment("", ""), "deploy.yaml:15:1: 2 workloads in one file: shop, shop", "put the one to run in a file of its own, with its Service"},
		"template":        {"kind: Deployment\nmetadata: {name: {{ .Values.name }}}\n", "deploy.yaml:2:19: a key has to be plain text", "a template has to be rendered first, as in: helm template CHART | lameduck verify -f - -- COMMAND"},
		"duplicate key":   {"kind: A\nx:\n  a: 1\n  b: 2\n  a: 3\n", "deploy.yaml:5:3: duplicate key a, first on line 3", ""},
		"bad merge":       {"kind: A\n<<: 3\n", "deploy.yaml:2:5: << merges mappings only", ""},
		"circle":          {"kind: A\nx: &a [*a]\n", "deploy.yaml:2:8: nested more than 100 levels deep", ""},
		"depth":           {strings.Repeat("[", 101), "deploy.yaml:1:101: not YAML: exceeded max depth of 100 while increasing flow level", ""},
		"no name":         {"kind: Deployment\n", "deploy.yaml:1:1: metadata.name: missing", ""},
		"no container":    {"kind: Deployment\nmetadata: {name: a}\n", "deploy.yaml:1:1: spec.template.spec.containers: missing", ""},
		"replicas":        {strings.Replace(deployment("", ""), "spec:\n", "spec:\n  replicas: \"three\"\n", 1), `deploy.yaml:6:13: spec.replicas: want a whole number, not "three"`, ""},
		"negative":        {deployment("", "terminationGracePeriodSeconds: -1"), "deploy.yaml:10:38: spec.template.spec.terminationGracePeriodSeconds: want a number from 0 to 2147483647, not -1", ""},
		"units":           {deployment("", "terminationGracePeriodSeconds: 30s"), `deploy.yaml:10:38: spec.template.spec.terminationGracePeriodSeconds: want a whole number, not "30s"`, "Kubernetes counts in whole seconds: 30, not 30s"},
		"no surge":        {strings.Replace(deployment("", ""), "spec:\n", "spec:\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}\n", 1), "deploy.yaml:6:29: spec.strategy.rollingUpdate: maxSurge and maxUnavailable are both 0, so no pod could ever be replaced", ""},
		"strategy":        {strings.Replace(deployment("", ""), "spec:\n", "spec:\n  strategy: {type: Rolling}\n", 1), "deploy.yaml:6:20: spec.strategy.type: want RollingUpdate or Recreate, not Rolling", ""},
		"percentage":      {strings.Replace(deployment("", ""), "spec:\n", "spec:\n  strategy: {rollingUpdate: {maxSurge: -5%}}\n", 1), `deploy.yaml:6:40: spec.strategy.rollingUpdate.maxSurge: want a whole number or a percentage such as "25%", not "-5%"`, ""},
		"empty hook":      {deployment("lifecycle: {preStop: {}}", ""), fmt.Sprintf(container, 14, 30) + "lifecycle.preStop: does nothing; it has to have one of exec, httpGet, sleep, tcpSocket", ""},
		"two handlers":    {deployment("lifecycle: {preStop: {sleep: {seconds: 1}, exec: {command: [a]}}}", ""), fmt.Sprintf(container, 14, 30) + "lifecycle.preStop: does more than one thing: exec, sleep", ""},
		"unknown handler": {deployment("lifecycle: {preStop: {grpc: {port: 1}}}", ""), fmt.Sprintf(container, 14, 30) + "lifecycle.preStop: does nothing; it has to have one of exec, httpGet, sleep, tcpSocket", ""},
		"long sleep":      {deployment("lifecycle: {preStop: {sleep: {seconds: 31}}}", ""), fmt.Sprintf(container, 14, 38) + "lifecycle.preStop.sleep: 31s is longer than the grace period of 30s", ""},
		"probe port":      {deployment("readinessProbe: {httpGet: {port: web}}", ""), fmt.Sprintf(container, 14, 42) + "readinessProbe.httpGet.port: container app has no port of the name web", "name the container port, or give its number"},
		"no port":         {deployment("readinessProbe: {httpGet: {}}", ""), fmt.Sprintf(container, 14, 35) + "readinessProbe.httpGet.port: missing", ""},
		"big port":        {deployment("readinessProbe: {tcpSocket: {port: 70000}}", ""), fmt.Sprintf(container, 14, 44) + "readinessProbe.tcpSocket.port: want a port from 1 to 65535, not 70000", ""},
		"probe grace":     {deployment("readinessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 5}", ""), fmt.Sprintf(container, 14, 80) + "readinessProbe.terminationGracePeriodSeconds: a readiness probe has none: it kills nothing", ""},
		"threshold":       {deployment("livenessProbe: {tcpSocket: {port: 80}, successThreshold: 2}", ""), fmt.Sprintf(container, 14, 66) + "livenessProbe.successThreshold: has to be 1 here, not 2", ""},
		"number in env":   {deployment("env: [{name: PORT, value: 8080}]", ""), fmt.Sprintf(container, 14, 35) + "env[0].value: want text, not 8080", "put it in quotes"},
		"value twice":     {deployment("env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: c}}}]", ""), fmt.Sprintf(container, 14, 46) + "env[0].valueFrom: not together with value", ""},
		"a list, please":  {deployment("command: /app", ""), fmt.Sprintf(container, 14, 18) + `command: want a list, not "/app"`, ""},
		"stop signal":     {deployment("lifecycle: {stopSignal: TERM}", ""), fmt.Sprintf(container, 14, 33) + "lifecycle.stopSignal: want a signal such as SIGTERM, not TERM", ""},
		"target port":     {deployment("", "") + service80("web"), "deploy.yaml:20:10: Service/front.spec.ports: the Service sends to port web, which no container has", "name the container port so, or give its number as targetPort"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, test.text, test.want, test.hint)
		})
	}
}

// wantRefused: the file is not read, with this error and this hint.
func wantRefused(t *testing.T, text, want, wantHint string) {
	t.Helper()
	_, err := Read("deploy.yaml", strings.NewReader(text), Choice{})
	if err == nil {
		t.Fatalf("was read:\n%s", text)
	}
	if err.Error() != want || hint.Of(err) != wantHint {
		t.Errorf("\n got %s\nwant %s\n got hint %q\nwant hint %q", err, want, hint.Of(err), wantHint)
	}
}

// TestBillionLaughs feeds what would unfold to a billion values.
func TestBillionLaughs(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%[1]d [%s]\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	_, err := Read("lol.yaml", strings.NewReader(b.String()), Choice{})
	if err == nil || !strings.Contains(err.Error(), "aliases unfold to more than 100000 values") {
		t.Errorf("got %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	_, err := Read("big.yaml", strings.NewReader(strings.Repeat("#", maxBytes+1)), Choice{})
	if err == nil || err.Error() != "big.yaml: larger than 4 MiB" {
		t.Errorf("got %v", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "k8s.yaml")
	if err := os.WriteFile(path, []byte(deployment("", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if w, err := ReadFile(path, Choice{}); err != nil || w.Name != "shop" || w.File != path {
		t.Errorf("got %+v, %v", w, err)
	}
	for _, missing := range []string{dir, filepath.Join(dir, "none.yaml")} {
		if _, err := ReadFile(missing, Choice{}); err == nil || hint.Of(err) == "" || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: got %v", missing, err)
		}
	}
}

func TestStandardInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	fmt.Fprint(w, "kind: [")
	w.Close()
	if _, err := ReadFile("-", Choice{}); err == nil || !strings.HasPrefix(err.Error(), "stdin:2:1: not YAML") {
		t.Errorf("got %v", err)
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		v     IntOrPercent
		total int
		up    bool
		want  int
	}{
		{IntOrPercent{25, true}, 1, true, 1},
		{IntOrPercent{25, true}, 1, false, 0},
		{IntOrPercent{25, true}, 10, true, 3},
		{IntOrPercent{25, true}, 10, false, 2},
		{IntOrPercent{2, false}, 10, false, 2},
	} {
		if got := test.v.Resolve(test.total, test.up); got != test.want {
			t.Errorf("%+v of %d, up %v = %d, want %d", test.v, test.total, test.up, got, test.want)
		}
	}
}
