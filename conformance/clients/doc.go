// Package clients has the tests in which clients that others wrote, and
// proxies, go through the termination of a server of the library. They must
// reconnect when they are asked to close, and never see an error.
package clients
