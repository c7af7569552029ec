// Package model is what a rule sees of a set of manifests: workloads with their containers,
// and the Services, budgets and autoscalers that belong to them; what a container starts,
// how long its hook takes, and what it is set to do after the stop signal.
package model

import (
	"regexp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Workload is an object that makes pods, and the other objects that concern these pods.
type Workload struct {
	*object.Object
	Template    object.Value // of the pods: metadata and spec
	Pod         object.Value // spec of the template
	labels      map[string]string
	Containers  []*Container           // those that run side by side; native sidecars first, as they start
	services    []*Service             // that select the pods
	Budgets     []*Budget              // that select the pods
	Scaler      *object.Object         // its HorizontalPodAutoscaler or ScaledObject; nil if the set has none
	configs     map[Key]*object.Object // the ConfigMaps and Secrets of the set
	Dockerfiles []Dockerfile           // of images, beside the set
	lookUp      func(Key)              // is called with the ConfigMaps and Secrets that the pods name; nil: with none
}

// Key names an object of a kind.
type Key struct{ Kind, Namespace, Name string }

// Container is one container of a workload's pods.
type Container struct {
	object.Value
	Workload *Workload
	Name     string
	Sidecar  bool                // a native one: an init container with restartPolicy Always
	env      map[string]Variable // what Environment has read
	read     *Hook               // what Hook has read
	first    *Process1           // what Process1 has read
	img      *Image              // what Image has read
	found    *[]Drain            // what Drains has read
}

// Variable is one variable of the environment that a container starts with.
type Variable struct {
	Text  string
	known bool   // false: from a field of the pod, or from an object that is not in the set
	from  string // "ConfigMap web"; "" for one that has its value in the container
	At    object.Value
}

// Hook is the preStop hook of a container, and how long it takes. The kubelet sends the
// stop signal when the hook has ended.
type Hook struct {
	script.Time
	At      object.Value // the seconds, the command, or the hook itself
	Text    string       // as messages name it: sleep 30, or sh -c "sleep 30"
	Refused bool         // Kubernetes refuses it if it takes longer than the grace period
}

// Drain is what a manifest sets for the time after the stop signal.
type Drain struct {
	*drainSetting
	seconds int
	written string // as the manifest has it: --graceful-timeout 60
	from    string // where: nginx.conf in ConfigMap web
}

// drainSetting is one setting of a server for the time after the stop signal.
type drainSetting struct {
	server string // as finding.Servers has it, if it is one of those
	// How it is written: flags without their dashes, or the keys of a file; variables; all
	// separated by spaces. An annotation of the pod. Of a name with dots the last part is
	// enough. Letter case, and _ for -, make no difference.
	name, env, annotation string
	unit                  time.Duration  // of a number that has none; 0: a second; needsUnit: the server refuses such a number
	accepts               bool           // the server goes on accepting connections for all of the time; else the time is the most that requests in flight get
	whole                 bool           // the other times of the server are within this one
	flag                  bool           // a flag wherever it is, and a key only in a file that has one of the words of file; no words: no key
	file                  string         // words between |, one of which the file or its path has to have: other files have such a key too
	on, off               *regexp.Regexp // what switches it on, where it is off by default, and off: in the command, the environment or a file
	hook                  string         // words between |, one of which the preStop hook has to have: else nothing asks the server to drain
	inHook                bool           // that hook has to wait for all of the time: on the stop signal the server ends at once
	byDefault             int            // seconds where nothing sets it, of the image with the server's name
	source                string
}

// needsUnit is the unit of settings whose server refuses a number without one: flags of Go,
// which 0 alone does not need.
const needsUnit time.Duration = -1

// Service is a Service and the workloads that it selects.
type Service struct {
	*object.Object
	Ports     []ServicePort
	Workloads []*Workload
	Headless  bool           // clusterIP None: its clients take the addresses of pods from DNS
	Route     *object.Object // an Ingress, or a route of a Gateway, that sends requests to it; nil: none
	webhooks  []Webhook      // that it answers
}

// Webhook is an admission webhook, or one that converts objects, that a Service of the cluster
// answers.
type Webhook struct {
	*object.Object // the configuration that has it
	service        Key
	port           int
	Fails          bool // the API server refuses requests while the webhook does not answer; else it lets them pass
}

// ServicePort is one port of a Service.
type ServicePort struct {
	object.Value
	Name, TargetPort string // targetPort is a number or a name, the port itself where it has none
	Number           int
	Protocol         string
	web              bool // for users of the web, whatever its name is
}

// Budget is a PodDisruptionBudget and the workloads that it selects.
type Budget struct {
	*object.Object
	Workloads []*Workload
}

// Process1 is what a container starts, as far as the manifest shows it, and whether
// the stop signal reaches the server: only process 1 gets it from the kubelet.
type Process1 struct {
	container *Container
	Server    []string     // the words of what runs in the end; nil if it is not known
	At        object.Value // the command, argument or script that starts it
	Init      string       // what is process 1 itself and passes signals on, such as tini
	Shell     string       // what runs the server as its child, if a shell does
	Loop      bool         // the shell runs the server again and again
	Lost      *LostSignal  // nil: the server gets the signal, or that is not known
	file      string       // the script that has the server: "run.sh in ConfigMap web"; "" if At has it
	depth     int          // of programs that start programs
}

// LostSignal is why the stop signal does not reach the server.
type LostSignal struct {
	Summary string // one sentence
	Cure    string // an order
	Source  string // what shows it, for the evidence
	Mended  string // the text of At with the cure in it; "" where a change of that text is not enough
	Sure    bool   // true with every shell and version
}

// Image is what the name of a container's image shows of it.
type Image struct {
	Text       string // as it is written
	repository string // without registry, tag and digest: nginx for docker.io/library/nginx:1.27
	registry   string // docker.io where it has none
	tag        string
	Shell      string // which shell its sh is: dash, bash or ash; "" if that is not known
}
