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
	hookTime
	at      object.Value // the seconds, the command, or the hook itself
	text    string       // as messages name it: sleep 30, or sh -c "sleep 30"
	refused bool         // Kubernetes refuses it if it takes longer than the grace period
}

// hookTime is how long commands take.
type hookTime struct {
	// atLeast are seconds for certain, and before anything runs that is not known. What
	// is not known may stop the server, and with its container the hook ends.
	atLeast int
	planned int  // seconds, if every command on the way succeeds
	endless bool // they never end
	open    bool // something runs that is not known: it may take longer
	stops   bool // something runs that stops the server, or makes it drain
	ends    bool // what follows does not run
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
