package lint

import (
	"regexp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// workload is an object that makes pods, and what else is about these pods.
type workload struct {
	*object.Object
	template    object.Value // of the pods: metadata and spec
	pod         object.Value // spec of the template
	labels      map[string]string
	containers  []*container           // those that run side by side; native sidecars first, as they start
	services    []*service             // that select the pods
	budgets     []*budget              // that select the pods
	scaler      *object.Object         // its HorizontalPodAutoscaler or ScaledObject; nil if the set has none
	configs     map[key]*object.Object // the ConfigMaps and Secrets of the set
	dockerfiles []Dockerfile           // of images, beside the set
}

// key names an object of a kind.
type key struct{ kind, namespace, name string }

// container is one container of a workload's pods.
type container struct {
	object.Value
	workload *workload
	name     string
	sidecar  bool                // a native one: an init container with restartPolicy Always
	env      map[string]variable // what environment has read
	read     *hook               // what hook has read
	first    *process1           // what process1 has read
	img      *image              // what image has read
	found    *[]drain            // what drains has read
}

// variable is one variable of the environment that a container starts with.
type variable struct {
	text  string
	known bool   // false: from a field of the pod, or from an object that is not in the set
	from  string // "ConfigMap web"; "" for one that has its value in the container
	at    object.Value
}

// hook is the preStop hook of a container: how long it takes, and how that is known.
// The kubelet sends the stop signal when it has ended.
type hook struct {
	script.Time
	at      object.Value // the seconds, the command, or the hook itself
	text    string       // as messages name it: sleep 30, or sh -c "sleep 30"
	refused bool         // Kubernetes refuses it if it takes longer than the grace period
}

// drain is what a manifest sets for the time after the stop signal.
type drain struct {
	*drainSetting
	seconds int
	written string // as it is written there: --graceful-timeout 60
	from    string // where: nginx.conf in ConfigMap web
}

// drainSetting is one setting of a server for the time after the stop signal.
type drainSetting struct {
	server string
	// How it is written: a flag without its dashes, or the key of a file; variables,
	// separated by spaces; an annotation of the pod. Of a name with dots the last part is
	// enough. Letter case, and _ for -, make no difference.
	name, env, annotation string
	unit                  time.Duration  // of a number that has none; 0: a second
	accepts               bool           // it goes on to accept connections for all of that time; else it is the most that requests in flight get
	whole                 bool           // the other times of the server are within it
	file                  string         // what the file has to have, where other files have such a key too
	off                   *regexp.Regexp // what switches it off, in the command, the environment or a file
	hook                  string         // what the preStop hook has to have: without it nothing asks the server to drain
	source                string
}

// service is a Service and the workloads that it selects.
type service struct {
	*object.Object
	ports     []servicePort
	workloads []*workload
	headless  bool // clusterIP None: its clients take the addresses of pods from DNS
}

type servicePort struct {
	object.Value
	name, targetPort string // targetPort is a number or a name, the port itself where it has none
	number           int
	protocol         string
}

// budget is a PodDisruptionBudget and the workloads that it selects.
type budget struct {
	*object.Object
	workloads []*workload
}

// process1 is what a container starts, as far as the manifest shows it, and whether
// the stop signal reaches the server: only process 1 gets it from the kubelet.
type process1 struct {
	container *container
	server    []string     // the words of what runs in the end; nil if it is not known
	at        object.Value // the command, argument or script that starts it
	init      string       // what is process 1 itself and passes signals on, such as tini
	shell     string       // what runs the server as its child, if a shell does
	loop      bool         // it runs it again and again
	lost      *lostSignal  // nil: the server gets the signal, or it is not known
	file      string       // the script that at runs: "run.sh in ConfigMap web"; "" if it is at itself
	depth     int
}

// lostSignal is why the stop signal does not reach the server.
type lostSignal struct {
	summary string // one sentence
	cure    string // an order
	source  string // what shows it, for the evidence
	mended  string // the text of at with the cure in it; "" where it cannot be mended so
	sure    bool   // with every shell and version
}

// image is what the name of a container's image shows of it.
type image struct {
	text       string // as it is written
	repository string // without registry, tag and digest: nginx for docker.io/library/nginx:1.27
	registry   string // docker.io where it has none
	tag        string
	shell      string // what sh is in it: dash, bash or ash; "" if that is not known
}
