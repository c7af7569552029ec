package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
	"github.com/lameduck-dev/lameduck/internal/engine/http1"
)

// HTTP sends POST / over HTTP/1.1 and wants its body back: over kept
// connections with think times between the requests, over a connection for
// each request, and slowly, so that many requests are in flight at the moment at
// which termination begins.
func HTTP(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, dial, t}
	cfg := engine.Config{
		Request: engine.Request{Method: "POST", Path: "/", Host: "load", Body: 29},
		Keep:    1 << 10, Timeout: patience, Takes: 300 * time.Millisecond,
	}
	plain, slow := http1.Plain(cfg), http1.Slow(cfg)
	want := strings.Repeat("x", cfg.Body)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { c.keepAlive(plain, thinkTime, want) })
	}
	for range 2 {
		group.Go(func() { c.keepAlive(plain, longThinkTime, want) })
		group.Go(func() { c.keepAlive(slow, func() time.Duration { return 0 }, want) })
		group.Go(func() { c.oneShot(plain, want) })
	}
	group.Wait()
}

// keepAlive sends one request after another on a connection for as long as
// it lasts.
func (c *client) keepAlive(e engine.Engine, think func() time.Duration, want string) {
	for !c.done() {
		used := time.Now()
		conn, ok := c.connect()
		if !ok {
			continue
		}
		s := c.open(e, conn, engine.Kept)
		for !c.done() && c.exchange(s, used, want) {
			if used = time.Now(); !c.staysOpen(s, think()) {
				break
			}
		}
		s.Close()
	}
}

// oneShot makes a connection for each request.
func (c *client) oneShot(e engine.Engine, want string) {
	for !c.done() {
		used := time.Now()
		if conn, ok := c.connect(); ok {
			s := c.open(e, conn, engine.Once)
			c.exchange(s, used, want)
			s.Close()
		}
		c.pause(thinkTime())
	}
}

// exchange makes one exchange, counts what came of it, and reports whether the
// connection, which was used last at used, or dialled then, can be used again. A loss has how long that
// was idle: a client that a busy machine keeps from running may send its request when
// the server has closed a connection that was silent for long.
func (c *client) exchange(s engine.Session, used time.Time, want string) bool {
	idle := time.Since(used)
	x := s.Do(context.WithoutCancel(c.ctx))
	err := exchangeLoss(&x)
	if err != nil {
		err = fmt.Errorf("%w, on a connection that was idle for %v", err, idle.Round(time.Millisecond))
	}
	if err == nil && string(x.Content) != want {
		err = lostBy("wrong-answer", fmt.Errorf("%q", x.Content))
	}
	c.t.End(err)
	return err == nil && c.stays(&x)
}

// stays reports whether the connection stays open after x.
func (c *client) stays(x *engine.Exchange) bool {
	if x.End == engine.Announced {
		c.t.AskedToLeave("Connection: close")
	}
	return x.End == engine.Open
}

// staysOpen waits for d and reports whether the connection is still open then. A
// server may close it meanwhile: nothing is lost by that.
func (c *client) staysOpen(s engine.Session, d time.Duration) bool {
	if d == 0 {
		return true
	}
	c.pause(d)
	return s.Idle() == engine.Open
}

// open makes a session of HTTP/1.1, which has no handshake that could fail.
func (c *client) open(e engine.Engine, conn *engine.Conn, use engine.Use) engine.Session {
	s, _ := e.Open(c.ctx, conn, use)
	return s
}

// exchangeLoss is why an exchange was lost: nil if the answer was whole, with a
// status below 300.
func exchangeLoss(x *engine.Exchange) error {
	switch {
	case x.Status >= 300:
		return lostBy(fmt.Sprint("status-", x.Status), nil)
	case x.Cause != "":
		return lostBy(string(x.Cause), errors.New(x.Detail))
	}
	return nil
}
