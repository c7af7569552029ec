package timeline

import "time"

// Kind is what happened to a pod, or to a node's view of it.
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
	Restarted      Kind = "restarted"       // a container that crashed is started again
	Evicted        Kind = "evicted"         // the kubelet evicts it by itself: node pressure, a critical pod, a shutdown of the node; Detail has the reason
	Forced         Kind = "forced"          // deleted by force: removed from the API at once, and its exit is not reported

	EndpointAdded       Kind = "endpoint-added"       // Node began to route new connections to it
	EndpointTerminating Kind = "endpoint-terminating" // Node knows that it is terminating; it gets new connections only as the fallback
	EndpointRemoved     Kind = "endpoint-removed"     // Node routes no new connections to it any more
)

// Event is one thing that happened to one pod.
type Event struct {
	At     time.Duration `json:"at"`
	Pod    string        `json:"pod"`
	Kind   Kind          `json:"kind"`
	Node   int           `json:"node,omitempty"` // endpoint events: whose view
	Detail string        `json:"detail,omitempty"`

	// Caught, on Signalled: whether process 1 of the pod had a handler for
	// the stop signal. Without one the kernel discards it (pid_namespaces(7)).
	Caught bool `json:"caught,omitempty"`
	// HandlerUnknown, on Signalled: process 1 could not be inspected, so that
	// Caught has no meaning.
	HandlerUnknown bool `json:"handler_unknown,omitempty"`
	// Uncaught, on Killed: process 1 had no handler for the stop signal any
	// more. Node.js has one that removes itself and raises the signal again,
	// which has no effect in process 1.
	Uncaught bool `json:"uncaught,omitempty"`
	// Code and Signal, on Exited: the exit code as the kubelet would report
	// it (128+n after signal n), and the name of the signal that ended it.
	Code   int    `json:"code,omitempty"`
	Signal string `json:"signal,omitempty"`
}
