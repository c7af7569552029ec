// Package engine is what clients and protocols agree on: a protocol is an Engine,
// which makes a Session of each connection. It also has what every engine needs from a
// socket: reading without waiting, and the cause of an error.
package engine

import (
	"context"
	"time"
)

// Engine is one protocol, set up for one load.
type Engine interface {
	// Open makes a session of a connection on which no exchange is in progress. Close of
	// the session closes the connection. An error is one of the protocol's own handshake;
	// the caller then has to close the connection.
	Open(ctx context.Context, c *Conn, use Use) (Session, error)
}

// Use is what a session is opened for.
type Use int

// The uses of a session.
const (
	Kept  Use = iota // one exchange after the other
	Once             // a single exchange, announced to the server if the protocol can (Connection: close)
	Retry            // as Once, but sent and read at once although the engine does so in pieces
)

// Session is one protocol on one connection. It is not for concurrent use.
type Session interface {
	// Do makes one exchange. When ctx ends Do may return early.
	Do(ctx context.Context) Exchange
	// Idle looks, without waiting, whether the connection can be used for another
	// exchange: then it returns Open, else how the server has ended the connection.
	Idle() End
	// Close closes the connection. If its end was announced, by either side, Close first
	// waits a moment for the server to close: then TIME_WAIT is on the server's side, and
	// not on ours, where it would use up the local ports.
	Close()
}

// Config is the settings of an engine.
type Config struct {
	Request
	PodHeader string // the header field of an answer that names the pod, in lower case; empty: none does

	Keep    int           // how many bytes of an answer's content Exchange.Content has at most
	Timeout time.Duration // from when the request is sent until the answer is complete; for an exchange in pieces, Takes is added
	Takes   time.Duration // how long the pieces of an exchange in pieces take
}
