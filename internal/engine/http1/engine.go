// Package http1 is an HTTP/1.1 client of our own, with one exchange after the other on one
// connection. net/http sends a request again if its connection has broken, and so hides
// the drops that we measure. Here is no pool, no hidden retry and no redirect: the result
// of an exchange is what has happened on the socket.
package http1

import (
	"context"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// Plain sends each request at once, and reads the answer as it comes.
func Plain(cfg engine.Config) engine.Engine { return newEngine(cfg) }

func newEngine(cfg engine.Config) *http1 {
	return &http1{
		Config: cfg, kept: newRequest(&cfg.Request, false), once: newRequest(&cfg.Request, true),
		send: sendAtOnce, receive: receiveAtOnce, ahead: firstBuffer,
	}
}

// Open needs no handshake.
func (e *http1) Open(_ context.Context, c *engine.Conn, use engine.Use) (engine.Session, error) {
	s := &session{engine: e, conn: c, use: use}
	s.in.src, s.in.podField, s.in.keep = s, e.PodHeader, e.Keep
	return s, nil
}
