// Package traffic is the clients of a trial. Each pattern is one way to use
// an HTTP server; each try is one timeline.Attempt, due at a moment fixed
// beforehand (an open loop), so that a server that stalls can neither slow
// the sampling down nor hide the waiting.
//
// A pattern is a policy times an engine. A policy is how connections are used:
// fresh makes one for every attempt, kept uses a few for many. An engine
// (engine.Engine) is one protocol on one connection; each is a folder of its own.
// A new pattern is an entry in the table of pattern.go.
//
// What is a drop and what is not:
//
//   - a complete answer is no drop, also a 3xx or 4xx; a 5xx is one, with the cause status-5xx
//   - a server may close an idle connection: the attempt before it ended "fin"
//   - a server may announce it: "announced", and the next attempt dials again
//   - a connection that closes or resets after a request was written on it,
//     and before the whole answer was read, is a drop, however idle it was
package traffic
