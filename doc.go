// Package lameduck makes a server leave a Kubernetes cluster without dropping
// a connection.
//
//	err := lameduck.ListenAndServe(":8080", handler)
//
// Sleeping and then calling http.Server.Shutdown is not lossless: Shutdown
// closes connections whose next request has already arrived. A [Process] ends
// like this instead. T0 is the stop signal, or the preStop request before it:
//
//	T0               lame duck: every new and every kept connection is still served
//	.. T0+Spread     each long-lived one is asked to leave, at its own random moment:
//	                 by Connection: close, GOAWAY, or a handler that waits for Draining
//	T0+Delay         the earliest end of the lame duck: it ends when no new connection
//	                 has come for Quiet, at the latest halfway from Delay to the cut
//	then             listeners close, idle connections close one by one, each only
//	                 if its receive queue is empty; what is in flight finishes
//	Grace-Reserve    the cut: what is still in flight is ended, and named
//	.. Grace         closers run; the process exits before the kubelet's SIGKILL
//
// Grace is the pod's terminationGracePeriodSeconds; Delay must be longer than the
// slowest load balancer takes to stop sending new connections.
//
// Compatibility covers the exported API, the JSON of [Debug], the variables
// LAMEDUCK_*, the keys of the log records of each phase, and the keys in the first
// line of the termination message. Later versions may add fields and keys, and change
// texts for people. Package lameducktest helps to test a program's termination.
package lameduck
