package main

import (
	"bufio"
	"context"
	"net"
	"time"
)

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
	defer closeWith(ctx, conn)()
	_, err = exchange(conn, bufio.NewReader(conn), "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
	return err
}

// closeWith closes the connection when ctx ends, or when what it returns is
// called.
func closeWith(ctx context.Context, conn net.Conn) (close func()) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return func() {
		stop()
		conn.Close()
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

// post sends requests until one breaks, or the server is done with the
// connection: it said so, or closed it between two requests.
func (c *client) post(ctx context.Context, conn net.Conn, think time.Duration) {
	defer closeWith(ctx, conn)()
	r := bufio.NewReader(conn)
	for ctx.Err() == nil {
		answer, err := exchange(conn, r, postRequest)
		c.saw(ctx, err)
		if err != nil || answer.Close || !stillOpen(conn, r, about(think)) {
			return
		}
	}
}

// stillOpen thinks, and reports whether the connection is still open then.
// If it is not, no client would use it, and nothing is broken.
func stillOpen(conn net.Conn, r *bufio.Reader, think time.Duration) bool {
	if think == 0 {
		return true
	}
	conn.SetReadDeadline(time.Now().Add(think))
	_, err := r.Peek(1)
	conn.SetReadDeadline(time.Time{})
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}
