// Package engine is what clients and protocols agree on: a protocol is an Engine,
// which makes a Session of a connection. It also has what every engine needs of a
// socket: reading without waiting, and the cause of an error.
package engine

import (
	"context"
	"time"
)

// Engine is one protocol, set up for one load.
type Engine interface {
	// Open makes a session of a connection on which no exchange is in progress; its
	// Close closes the connection. An
	// error is one of the protocol's own handshake; the caller closes the
	// connection then.
	Open(ctx context.Context, c *Conn, use Use) (Session, error)
}

// Use is what a session is opened for.
type Use int

// The uses of a session.
const (
	Kept  Use = iota // one exchange after the other
	Once             // a single exchange; the server is informed where the protocol has a word for it
	Retry            // as Once, and as fast as possible
)

// Session is one protocol on one connection. It is not for concurrent use.
type Session interface {
	// Do makes one exchange. When ctx ends it may end early.
	Do(ctx context.Context) Exchange
	// Idle looks, without waiting, whether the connection can be used for
	// another exchange; otherwise it returns how the server has ended it.
	Idle() End
	// Close closes the connection. If its end was announced, by either side, it
	// first waits a moment for the server to close: that keeps TIME_WAIT off
	// our side, where it would use up the local ports.
	Close()
}

// Config is the settings of an engine.
type Config struct {
	Request
	PodHeader string // the field of a response that names the pod, in lower case; empty: none does

	Keep    int           // most bytes of an answer's content that Exchange.Content has
	Timeout time.Duration // from the request sent to the whole answer
	Takes   time.Duration // how long an exchange in pieces takes
}
