package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
	"github.com/lameduck-dev/lameduck/internal/engine/http1"
)

// The requests of clients of HTTP/1.1. A GET may be repeated and a POST may not; the
// clients here repeat neither.
var (
	gets  = asking("GET", 0)
	posts = asking("POST", 5)
)

func asking(method string, body int) engine.Engine {
	return http1.Plain(engine.Config{Request: engine.Request{Method: method, Path: "/", Host: "bench", Body: body}, Timeout: time.Minute})
}

// session is HTTP/1.1 on a connection, where no handshake can fail.
func session(conn net.Conn, e engine.Engine, use engine.Use) engine.Session {
	s, _ := e.Open(context.Background(), engine.NewConn(conn), use)
	return s
}

// exchange makes one request. The error is how it failed.
func exchange(s engine.Session) (end engine.End, err error) {
	x := s.Do(context.Background())
	if x.Cause != "" {
		err = fmt.Errorf("%s: %s", x.Cause, x.Detail)
	}
	return x.End, err
}

// staysOpen waits for the think time, and reports whether the connection is open after
// it. A connection that is not is used by no client, so nothing fails.
func staysOpen(ctx context.Context, s engine.Session, think time.Duration) bool {
	return think == 0 || pause(ctx, think) && s.Idle() == engine.Open
}

// freshClient opens a connection for each request.
func freshClient(ctx context.Context, c *client) {
	for !c.moved() && pause(ctx, about(5*time.Millisecond)) {
		c.saw(ctx, c.ask(ctx))
	}
}

func (c *client) ask(ctx context.Context) error {
	conn, err := c.dialHere(ctx, "", "")
	if err != nil {
		return err
	}
	s := session(conn, gets, engine.Once)
	defer closeWith(ctx, conn, s)()
	_, err = exchange(s)
	return err
}

// closeWith closes the connection when ctx ends. The function that it returns closes
// the session.
func closeWith(ctx context.Context, conn net.Conn, s engine.Session) (close func()) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return func() {
		stop()
		s.Close()
	}
}

// postClient keeps its connection, and sends what cannot be repeated.
func postClient(think time.Duration) func(context.Context, *client) {
	return func(ctx context.Context, c *client) {
		for !c.moved() && ctx.Err() == nil {
			conn, err := c.dialHere(ctx, "", "")
			if err != nil {
				c.saw(ctx, err)
				pause(ctx, beat)
				continue
			}
			c.post(ctx, conn, think)
			pause(ctx, about(think))
		}
	}
}

// post sends requests until one fails, or the server ends the connection: by
// Connection: close, or by closing it between two requests.
func (c *client) post(ctx context.Context, conn net.Conn, think time.Duration) {
	s := session(conn, posts, engine.Kept)
	defer closeWith(ctx, conn, s)()
	for ctx.Err() == nil {
		end, err := exchange(s)
		c.saw(ctx, err)
		if err != nil || end != engine.Open || !staysOpen(ctx, s, about(think)) {
			return
		}
	}
}
