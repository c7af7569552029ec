// Package traffic is the clients of a trial. Each pattern is one way to use
// an HTTP server; each try is one timeline.Attempt, due at a moment fixed
// beforehand (an open loop), so that a server that stalls can neither slow
// the sampling down nor hide the waiting.
//
// The HTTP/1.1 client is our own, one engine per connection, because net/http
// replays requests on a connection that broke and so hides the drops that we
// measure. There is no pool behind it, no hidden retry and no redirect: the
// result is that of the socket.
//
// What is a drop and what is not:
//
//   - any answer is one, 3xx and 4xx as well; a 5xx is the cause status-5xx
//   - a server may close an idle connection: the attempt before it ended "fin"
//   - a server may announce it: "announced", and the next attempt dials again
//   - a connection that closes or resets after a request was written on it,
//     and before the whole answer was read, is a drop, however idle it was
package traffic
