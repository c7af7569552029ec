package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// workload is an object that makes pods, and what else is about these pods.
type workload struct {
	*object.Object
	template   object.Value // of the pods: metadata and spec
	pod        object.Value // spec of the template
	labels     map[string]string
	containers []*container           // those that run side by side; native sidecars first, as they start
	services   []*service             // that select the pods
	budgets    []*budget              // that select the pods
	scaler     *object.Object         // its HorizontalPodAutoscaler or ScaledObject; nil if the set has none
	configs    map[key]*object.Object // the ConfigMaps and Secrets of the set
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
