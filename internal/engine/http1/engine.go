// Package http1 is HTTP/1.1 of our own, one exchange after the other on one
// connection, because net/http replays requests on a connection that broke and
// so hides the drops that we measure. There is no pool, no hidden
// retry and no redirect: the result is that of the socket.
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
