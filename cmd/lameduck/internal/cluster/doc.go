// Package cluster is the stage of a trial on a real cluster. It finds a
// workload and the Service in front of it, watches their pods, EndpointSlices
// and events, carries out what replaces pods, sends the traffic from here or
// from a Job inside the cluster, and leaves everything as it found it.
//
// It reads only what a user with few rights can read: an event is timed when it
// arrives here, and the pod of a connection is known only where the client dialled the
// pod itself, or the server names it.
package cluster
