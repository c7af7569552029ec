// Package workers runs the clients of a trial inside a cluster: the load of one
// machine is limited, and the clients are on the nodes that have a view of
// the Service.
//
// It is the coordinator, the tool on the user's machine. It creates an indexed Job of
// the tool's own image, whose pods run package agent, and attaches to each. Over that
// stream both send lines of JSON (package wire): the coordinator pings, starts
// and stops; a worker sends every attempt as it becomes final, and at last
// how many there were. Nothing is lost without an error: the coordinator's
// count has to be the worker's.
//
// Each worker measures on its own monotonic clock. Pings over the stream measure
// the offset between the clocks (see estimate), and every moment is moved onto
// the clock of the run.
//
// Each worker is also the control target of the one before it, so that a failure
// there is one of the network between the nodes, or of a node.
//
// A worker ends when its stdin ends, when the coordinator has been silent for
// a minute, or on SIGTERM; the Job has a deadline besides. So nothing is left
// running, however the coordinator ended.
package workers
