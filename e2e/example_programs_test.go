package e2e

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// program is one of examples/, and how a pod has it. Its client is the load of
// its name.
type program struct {
	name   string
	ready  string // the way of its readinessProbe
	period int    // of that, in seconds; default 1
	env    string // more of it
	args   string
}

// worker has no clients: the load is the queue that it takes its jobs from.
const worker = "worker"

func programs() []program {
	const http = "httpGet: {path: /ready, port: 8080}"
	// The delay holds many times the propagation of docs/PROPAGATION.md.
	const soon = `{name: LAMEDUCK_DELAY, value: 5s}, {name: LAMEDUCK_QUIET, value: 1s}`
	return []program{
		{name: "http", ready: http, env: soon},
		{name: "h2c", ready: http, env: soon},
		{name: "tls", ready: "httpGet: {path: /ready, port: 8080, scheme: HTTPS}", env: soon},
		{name: "grpc", ready: "grpc: {port: 8080}", env: soon},
		{name: "websocket", ready: http, env: soon},
		{name: "sse", ready: http, env: soon},
		{name: "longpoll", ready: http, env: soon},
		// The connection of such a probe looks like a client's: two of
		// them are to be further apart than what the lame duck calls quiet.
		{name: "tcp", ready: "tcpSocket: {port: 8080}", period: 3, env: soon},
		{name: worker, ready: http, args: "-queue, http://LOAD"},
	}
}

// podSecurity is what Pod Security's restricted level wants, and a root that
// no process can write.
const podSecurity = `{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}`
const containerSecurity = `{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}`

// services are those of the example and of its load. They have node ports, so
// that the test can ask whether the nodes know them.
const services = `
apiVersion: v1
kind: Service
metadata: {name: example}
spec: {type: NodePort, selector: {app: example}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: load}
spec: {selector: {app: load}, ports: [{port: 80, targetPort: 8080}]}
`

// deployment is the example's. Its probe is patient: this machine is busy.
func (p program) deployment(replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: example}
spec:
  replicas: %d
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: example}}
  template:
    metadata: {labels: {app: example}}
    spec:
      terminationGracePeriodSeconds: 60
      automountServiceAccountToken: false
      securityContext: %s
      containers:
      - name: example
        image: localhost/lameduck/examples:1
        imagePullPolicy: Never
        command: [/%s]
        args: [%s]
        ports: [{containerPort: 8080}]
        env: [{name: LAMEDUCK_GRACE, value: 60s}, %s]
        readinessProbe: {%s, periodSeconds: %d, timeoutSeconds: 5}
        resources: {requests: {cpu: 10m, memory: 16Mi}}
        securityContext: %s
`, replicas, podSecurity, p.name, p.args, p.env, p.ready, or(p.period, 1), containerSecurity)
}

// load is the pod of the example's clients, or of its queue. It ends by itself
// if it is not ended.
func (p program) load(args string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: load, labels: {app: load}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: %s
  containers:
  - name: load
    image: localhost/lameduck/examples:1
    imagePullPolicy: Never
    args: [-for, 40m, -addr, %q, %s]
    resources: {requests: {cpu: 10m, memory: 16Mi}}
    securityContext: %s
`, podSecurity, args, p.name, containerSecurity)
}

// deployProgram brings it up, and its Service on all nodes.
func (s *namespace) deployProgram(p program, replicas int) {
	s.Helper()
	s.apply(services)
	p.args = strings.ReplaceAll(p.args, "LOAD", s.clusterIP("load"))
	s.apply(p.deployment(replicas))
	s.kubectl("rollout", "status", "deployment/example", "--timeout=90s")
	port := s.kubectl("get", "service/example", "-o", "jsonpath={.spec.ports[0].nodePort}")
	for ip := range strings.FieldsSeq(s.kubectl("get", "nodes", "-o", `jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}`)) {
		addr := net.JoinHostPort(ip, port)
		s.until(addr+" accepts", func() bool { return accepts(addr) })
	}
}

func accepts(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// startLoad starts it, and follows what it prints.
func (s *namespace) startLoad(p program) *logs {
	s.Helper()
	addr := ":8080" // of the queue
	if p.name != worker {
		addr = net.JoinHostPort(s.clusterIP("example"), "80")
	}
	s.apply(p.load(addr))
	s.kubectl("wait", "--for=condition=Ready", "pod/load", "--timeout=90s")
	return s.follow("app=load")
}

func (s *namespace) apply(manifest string) {
	s.Helper()
	kubectl(s.T, manifest, "apply", "-n", s.name, "-f", "-")
}

func (s *namespace) clusterIP(service string) string {
	s.Helper()
	return s.kubectl("get", "service/"+service, "-o", "jsonpath={.spec.clusterIP}")
}
