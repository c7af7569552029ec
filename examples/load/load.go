// Package load is the clients of the examples. Each puts load on a server in
// its own protocol, as its users do, and counts what it asked for and what it
// lost:
//
//	var t load.Tally
//	load.WebSocket(ctx, dial, &t)
//	fmt.Println(t.Result().Lost)
//
// They are stricter than ordinary clients: nothing is sent twice without the caller's
// knowledge, requests carry bodies that cannot be repeated, and a client leaves a
// connection only when the server asks for that, or has closed it.
package load

import (
	"context"
	"math/rand/v2"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// A Dial makes a new connection to the service: to whatever instance of it is
// sent new connections at that moment.
type Dial func(context.Context) (net.Conn, error)

// A Load puts load on the service until ctx ends, and counts in t every
// attempt. What is under way then is finished first, which takes at most 10 s.
type Load func(ctx context.Context, dial Dial, t *Tally)

// Protocols are all loads by name, but that of a consumer: there the client is
// a [Queue].
var Protocols = map[string]Load{
	"grpc":      GRPC,
	"grpc-tls":  GRPCTLS,
	"h2c":       H2C,
	"tcp":       TCP,
	"tls":       TLS,
	"http":      HTTP,
	"http3":     HTTP3,
	"longpoll":  LongPoll,
	"proxy":     Proxy,
	"sse":       SSE,
	"websocket": WebSocket,
}

// patience is how long a client waits for what it asked for.
const patience = 10 * time.Second

// A client is one user of the service, and goes on until the load ends.
type client struct {
	ctx  context.Context
	dial Dial
	t    *Tally
}

// done reports whether the load has ended.
func (c *client) done() bool { return c.ctx.Err() != nil }

// attempt returns a context for one attempt: it outlives the load.
func (c *client) attempt() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.ctx), patience)
}

// connect makes a new connection, or counts that none could be made.
func (c *client) connect() (*engine.Conn, bool) {
	ctx, cancel := c.attempt()
	defer cancel()
	conn, err := c.dial(ctx)
	if err != nil {
		c.t.Lose(unreached(err))
		c.pause(retryPause)
		return nil, false
	}
	if over, is := conn.(*engine.Conn); is {
		return over, true // of TLS
	}
	return engine.NewConn(conn), true
}

// dialContext is dial as an http.Transport wants it.
func (c *client) dialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, unreached(err)
	}
	return conn, nil
}

// retryPause is how long a client waits before it connects again, so that one that is
// refused does not try a thousand times a second.
const retryPause = 50 * time.Millisecond

// pause waits for d, or until the load ends.
func (c *client) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.ctx.Done():
	}
}

// thinkTime is how long a client thinks between an answer and its next
// request: mostly some 10 ms, sometimes none.
func thinkTime() time.Duration { return max(0, rand.N(60*time.Millisecond)-12*time.Millisecond) }

// longThinkTime is that of a client whose connection is idle most of the time.
func longThinkTime() time.Duration { return rand.N(300 * time.Millisecond) }
