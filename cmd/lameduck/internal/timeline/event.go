package timeline

// Kind is what happened to a pod, to a node's view of it, or in the trial.
type Kind string

const (
	Started        Kind = "started"         // the process runs
	Listening      Kind = "listening"       // it was first seen to listen; Detail has the address
	Ready          Kind = "ready"           // the readiness probe passed
	Unready        Kind = "unready"         // the readiness probe failed after it had passed
	NeverReady     Kind = "never-ready"     // not ready in time; Detail has what was seen
	Deleted        Kind = "deleted"         // the API set its deletionTimestamp: the grace period runs
	PreStopStarted Kind = "prestop-started" // the hook began
	PreStopEnded   Kind = "prestop-ended"   // the hook ended, or was abandoned; Detail has the error of one that failed
	Signalled      Kind = "signalled"       // the stop signal was sent
	Killed         Kind = "killed"          // SIGKILL was sent at the end of the grace period
	Exited         Kind = "exited"          // the process ended
	AcceptQueue    Kind = "accept-queue"    // a socket listens on the port of the Service, and connections that are not accepted wait (Waiting) or none does: between After and At that changed, or it was seen again
	ListenerClosed Kind = "listener-closed" // none listens on it any more, since some moment between After and At
	Starved        Kind = "starved"         // while it terminated, a thread of it waited for a processor from Due to At
	StartStarved   Kind = "start-starved"   // the same, in its first seconds as an endpoint
	Restarted      Kind = "restarted"       // a container that crashed is started again
	Evicted        Kind = "evicted"         // the kubelet evicts it by itself: node pressure, a critical pod, a shutdown of the node; Detail has the reason
	Forced         Kind = "forced"          // deleted by force: removed from the API at once, and its exit is not reported

	EndpointAdded       Kind = "endpoint-added"       // Node began to route new connections to it
	EndpointTerminating Kind = "endpoint-terminating" // Node knows that it is terminating; it gets new connections only as the fallback
	EndpointRemoved     Kind = "endpoint-removed"     // Node routes no new connections to it any more

	ActionStarted Kind = "action-started" // a round of the action began; no pod
	ActionEnded   Kind = "action-ended"   // it is over; Detail has the error of one that failed

	// Stalled: the tool got no processor from Due to At, and did nothing of what
	// it had to do meanwhile; no pod.
	Stalled Kind = "stalled"
	// Unwatched: the tool saw no change of Detail (such as pods) from Due to At, because
	// its watch was interrupted; no pod. What came meanwhile has a moment after At.
	Unwatched Kind = "unwatched"
)

// ofPod reports whether it happens to a pod.
func (k Kind) ofPod() bool {
	return k != ActionStarted && k != ActionEnded && k != Stalled && k != Unwatched
}

// Source is where an event was seen, which decides how exact its moment is.
type Source string

// The sources. The lab makes its events itself; those of the others are seen
// from outside, on a cluster.
const (
	SourceLab     Source = "lab"
	SourceKubelet Source = "kubelet" // the status of a pod, and Events about it
	SourceAPI     Source = "api"     // the API server: deletions
	SourceSlice   Source = "slice"   // the EndpointSlices of the Service
	SourceProxy   Source = "proxy"   // the metrics of the kube-proxy of Node
	SourceTrial   Source = "trial"   // the tool's own action, and its own stalls
)

// Event is one thing that happened, nearly always to one pod.
type Event struct {
	At     Moment `json:"at"`
	Due    Moment `json:"due,omitempty"` // when it should have happened, of an event that the tool itself makes; on Stalled, Starved and Unwatched: since when; 0: at At
	Pod    string `json:"pod,omitempty"`
	Kind   Kind   `json:"kind"`
	Source Source `json:"source,omitempty"`
	Node   string `json:"node,omitempty"`  // endpoint events: whose view; empty for the slices themselves
	Round  int    `json:"round,omitempty"` // events of an action: which, from 1
	Detail string `json:"detail,omitempty"`

	// After, on AcceptQueue and ListenerClosed: when what was so before was last
	// seen; 0 if it was not. What the event reports began later than that, and At is
	// when it was seen. On Exited of a cluster, whose kubelet may report late: when the process
	// surely still ran, if its termination began when the kubelet's event of that came.
	After Moment `json:"after,omitzero"`
	// Waiting, on AcceptQueue: the connections that were made and not accepted.
	Waiting int `json:"waiting,omitempty"`
	// StalledAfter and StalledBy, on the same: the oldest connection that was last
	// seen waiting came between the two, so that no later one was accepted; 0 if none waited.
	StalledAfter Moment `json:"stalled_after,omitzero"`
	StalledBy    Moment `json:"stalled_by,omitzero"`
	// Running, on ListenerClosed: a process that had the listener ran when it had closed, so
	// that it did not close by the end of the process.
	Running bool `json:"running,omitempty"`
	// Ended, on ListenerClosed: none of the processes that had the listener runs any more.
	Ended bool `json:"ended,omitempty"`
	// Caught, on Signalled: whether process 1 of the pod had a handler for
	// the stop signal. Without one the kernel discards it (pid_namespaces(7)).
	Caught bool `json:"caught,omitempty"`
	// HandlerUnknown, on Signalled: process 1 could not be inspected, so that
	// Caught has no meaning.
	HandlerUnknown bool `json:"handler_unknown,omitempty"`
	// Wrapper, on Signalled: what process 1 of the pod is, if it is not the server
	// but runs it: the stop signal goes to process 1.
	Wrapper string `json:"wrapper,omitempty"`
	// Server, on Listening: the program that listens; empty where the host does not
	// show it.
	Server Server `json:"server,omitzero"`
	// Uncaught, on Killed: process 1 had no handler for the stop signal any
	// more. Node.js has one that removes itself and raises the signal again,
	// which has no effect in process 1.
	Uncaught bool `json:"uncaught,omitempty"`
	// Code and Signal, on Exited: the exit code as the kubelet would report
	// it (128+n after signal n), and the name of the signal that ended it.
	Code   int    `json:"code,omitempty"`
	Signal string `json:"signal,omitempty"`
}

// Server is the program that serves in a pod.
type Server struct {
	Program string `json:"program"`          // the name of its executable: nginx, python3.11
	Script  string `json:"script,omitempty"` // what that interprets: gunicorn, app.js
	Lang    Lang   `json:"lang,omitempty"`
}

// Lang is the language that a program is written in, as far as it matters.
type Lang string

// Languages. Where the executable was not inspected it is empty. Go: it serves by
// net/http, in whose place the library can be called; a server of fasthttp is of
// another language in that sense.
const (
	Go        Lang = "go"
	OtherLang Lang = "other"
)
