// Package lameduck makes a server leave a Kubernetes cluster without dropping
// a connection.
//
//	err := lameduck.ListenAndServe(":8080", handler)
//
// Sleeping and then calling http.Server.Shutdown is not lossless: Shutdown
// closes connections whose next request is already there. A [Process] ends
// like this instead, counted from T0, the stop signal or preStop hook:
//
//	T0               lame duck: every new and every kept connection is still served
//	.. T0+Spread     each long-lived one is asked to leave, at its own random moment:
//	                 Connection: close, GOAWAY, or by a handler that waits for Draining
//	T0+Delay         the earliest end of the lame duck; then when no new connection
//	                 came for Quiet, at the latest halfway to the cut
//	then             listeners close, silent connections close one by one, each only
//	                 if its receive queue is empty; what is in flight finishes
//	Grace-Reserve    the cut: what is still in flight is ended, and named
//	.. Grace         closers run; the process exits before the kubelet's SIGKILL
//
// Grace is the pod's terminationGracePeriodSeconds; Delay must exceed the time
// that the slowest load balancer goes on sending new connections.
//
// Compatibility covers the exported API, the JSON of [Debug], the variables
// LAMEDUCK_*, the keys of the log records of each phase, and the keys in the first
// line of the termination message. More fields and keys may come, and texts for
// people change. Package lameducktest helps to test a program's termination.
package lameduck
