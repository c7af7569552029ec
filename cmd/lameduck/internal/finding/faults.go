package finding

// Faults that a manifest shows as well as a trial. The rules of lint and of the diagnosis have
// these words of them in common, so that both use the same for one fault.
const (
	HookEndsServer      = "preStop hook ends the server"
	HookTakesAll        = "preStop hook takes the whole grace period"
	NothingLeft         = "so nothing is left for the server"
	KubeletLeaves       = "the 2 s that the kubelet always leaves"
	NoEndpoint          = "has no endpoint until a new pod is ready"
	RefusedUntilRemoved = "refused until all nodes have removed the endpoint"
	BeforeItListens     = "gets connections before it listens"
	SignalLost          = "stop signal does not reach the server"
	SignalGoesTo        = "the stop signal goes to "
	ForceDelete         = "is a force delete on every delete: no preStop hook runs, and SIGKILL comes within 2 s"
)

// KilledEarly is what a grace period that is too short does to a server.
func KilledEarly(server string) string { return "SIGKILL comes before " + server + " has finished" }

// OnlyWait is the cure of a hook that ends the server.
func OnlyWait(how string) string {
	return "let the hook only wait, " + how + ", and leave the end to the stop signal"
}

// SurgeByOne is the cure of a rollout that ends old pods first.
const SurgeByOne = "set maxUnavailable to 0 and maxSurge to 1"
