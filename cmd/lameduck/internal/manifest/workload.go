// Package manifest reads what the tool needs to know of Kubernetes objects
// from YAML, and keeps line and column of what it read. It is plain data and
// imports nothing of ours but document and hint.
package manifest

import "time"

// Workload is one Deployment, StatefulSet or DaemonSet, and the Service in
// front of it if the file has one. What the file does not set has the default
// of Kubernetes.
type Workload struct {
	File      string
	Kind      string // Deployment, StatefulSet or DaemonSet; empty: Deployment
	Name      string
	Namespace string
	Replicas  int           // default 1; of a DaemonSet 1, as it has one on each node
	Strategy  Strategy      // default RollingUpdate; of a Deployment 25% and 25%, else one pod at a time
	MinReady  time.Duration // minReadySeconds, default 0
	Pod       Pod
	Service   *Service // nil if the file has none that selects these pods
	Target    Port     // of the pods: where the load goes; zero if the file names none

	// Notes are what the file asks for and does not get here, such as a
	// variable from a Secret: one line each, "file:line:column: what".
	Notes []string
	// Positions are where the fields were found that were read, by path:
	// "spec.replicas", "Service/NAME.spec.ports[0].port".
	Positions map[string]Pos
}

// Pos is a place in the file; both count from 1.
type Pos struct{ Line, Column int }

// Strategy is how a rolling update replaces pods.
type Strategy struct {
	Type           string // RollingUpdate; of a Deployment also Recreate, else also OnDelete
	MaxSurge       IntOrPercent
	MaxUnavailable IntOrPercent
	Partition      int  // of a StatefulSet: pods with a lower ordinal are not updated
	FirstOrdinal   int  // of a StatefulSet: ordinals.start
	Parallel       bool // of a StatefulSet: podManagementPolicy Parallel, not OrderedReady
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

// Pod is the pod template: its grace period and the container that is run.
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
	// SharesProcesses is shareProcessNamespace: the server is not process 1.
	SharesProcesses bool
}

// Env is one environment variable with a value, or taken from a field of the
// pod (fieldPath: metadata.name, status.podIP, ...).
type Env struct {
	Name, Value, FieldPath string
	// Verbatim: the value is from a ConfigMap or Secret, and $(NAME) in it stays.
	Verbatim bool
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
	Name                     string
	Ports                    []ServicePort // the TCP ports
	Headless                 bool          // clusterIP None
	PublishNotReadyAddresses bool
}

// ServicePort maps a port of the Service to a port of the pods.
type ServicePort struct {
	Name   string
	Port   int
	Target PortRef
}
