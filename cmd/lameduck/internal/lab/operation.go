package lab

import "errors"

var (
	errBusy       = errors.New("another action is running")
	errNotStarted = errors.New("no pod is running yet")
)

var errClosed = errors.New("the lab is closed")

// operation is what a caller waits for. Each step begins when the one before
// is complete.
type operation struct {
	steps     []func()
	version   int        // the slice that every node has to apply; 0: the pods are not steady yet
	listening bool       // the pods have to listen on the port of the load as well, and may not exit before
	looking   bool       // reached will be asked again
	done      chan error // receives once
}
