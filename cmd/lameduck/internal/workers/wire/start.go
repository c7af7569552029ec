package wire

// How the coordinator starts a worker: the tool's own image, with this argument and this
// environment.
const (
	// Role is the argument with which the tool runs itself as a worker.
	Role = "worker"

	// ControlPort is where a worker is the control target of another.
	ControlPort = 8081

	// The environment, from the downward API.
	EnvPod  = "POD_NAME"
	EnvNode = "NODE_NAME"
	EnvIP   = "POD_IP"
)
