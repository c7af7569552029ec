// Package manifest reads what the tool needs to know of Kubernetes objects
// from YAML, and keeps line and column of what it read. It is plain data and
// imports nothing of ours but hint.
package manifest

import "time"

// Workload is one Deployment, and the Service in front of it if the file has
// one. What the file does not set has the default of Kubernetes.
type Workload struct {
	File      string
	Kind      string // Deployment
	Name      string
	Namespace string
	Replicas  int           // default 1
	Strategy  Strategy      // default RollingUpdate, 25% and 25%
	MinReady  time.Duration // minReadySeconds, default 0
	Pod       Pod
	Service   *Service // nil if the file has none that selects these pods

	// Notes are what the file asks for and does not get here, such as a
	// variable from a Secret: one line each, "file:line:column: what".
	Notes []string
	// Positions are where the fields were found that were read, by path:
	// "spec.replicas", "Service/NAME.spec.ports[0].port".
	Positions map[string]Pos
}

// Pos is a place in the file; both count from 1.
type Pos struct{ Line, Column int }

// TargetPort is the port of the pods that the Service's first port leads to,
// without a Service the container's first port, and 0 if the file names none.
func (w *Workload) TargetPort() int {
	if w.Service != nil && len(w.Service.Ports) > 0 {
		return w.Pod.PortNumber(w.Service.Ports[0].Target)
	}
	if len(w.Pod.Ports) > 0 {
		return w.Pod.Ports[0].Number
	}
	return 0
}

// Strategy is how a rolling update replaces pods.
type Strategy struct {
	Type           string // RollingUpdate or Recreate
	MaxSurge       IntOrPercent
	MaxUnavailable IntOrPercent
}

// IntOrPercent is a count, or a share of the replicas.
type IntOrPercent struct {
	Value   int
	Percent bool
}

// Resolve turns a share into a count of total pods. Kubernetes rounds
// maxSurge up and maxUnavailable down.
func (v IntOrPercent) Resolve(total int, roundUp bool) int {
	if !v.Percent {
		return v.Value
	}
	n := v.Value * total
	if roundUp {
		n += 99
	}
	return n / 100
}

// Pod is the pod template: its grace period and its (first) container.
type Pod struct {
	Labels     map[string]string
	Grace      time.Duration // terminationGracePeriodSeconds, default 30 s
	Container  string        // its name
	Command    []string      // empty: the image's own
	Args       []string
	Env        []Env
	Ports      []Port
	PreStop    *Handler
	StopSignal string // lifecycle.stopSignal, e.g. "SIGUSR1"; empty: SIGTERM
	Readiness  *Probe
	Liveness   *Probe
	Startup    *Probe
}

// PortNumber is the number of the container port that ref names, 0 if there
// is none of that name.
func (p *Pod) PortNumber(ref PortRef) int {
	if ref.Name == "" {
		return ref.Number
	}
	for _, port := range p.Ports {
		if port.Name == ref.Name {
			return port.Number
		}
	}
	return 0
}

// Env is one environment variable with a literal value, or taken from a
// field of the pod (fieldPath: metadata.name, status.podIP, ...).
type Env struct {
	Name, Value, FieldPath string
}

// Port is one container port.
type Port struct {
	Name   string
	Number int
}

// Handler is what a hook or a probe does: exactly one of its fields is set.
type Handler struct {
	Exec  []string
	HTTP  *HTTPGet
	TCP   *TCPSocket
	GRPC  *GRPC
	Sleep *time.Duration
}

// HTTPGet is a request to the pod. Path defaults to "/", Scheme to "HTTP".
type HTTPGet struct {
	Path    string
	Port    PortRef
	Host    string
	Scheme  string
	Headers [][2]string
}

// TCPSocket is a connection to the pod.
type TCPSocket struct{ Port PortRef }

// GRPC is a grpc.health.v1 check.
type GRPC struct {
	Port    PortRef
	Service string
}

// PortRef names a container port, or gives its number.
type PortRef struct {
	Name   string
	Number int
}

// Probe is a probe with the defaults of Kubernetes filled in: period 10 s,
// timeout 1 s, 1 success, 3 failures, no initial delay.
type Probe struct {
	Handler
	InitialDelay     time.Duration
	Period           time.Duration
	Timeout          time.Duration
	SuccessThreshold int
	FailureThreshold int
	Grace            time.Duration // of a liveness or startup kill; 0: the pod's
}

// Service is what clients connect to.
type Service struct {
	Name  string
	Ports []ServicePort
	// TrafficPolicy is externalTrafficPolicy, Cluster or Local.
	TrafficPolicy            string
	PublishNotReadyAddresses bool
}

// ServicePort maps a port of the Service to a port of the pods.
type ServicePort struct {
	Name   string
	Port   int
	Target PortRef
}
