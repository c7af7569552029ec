package load

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
	"github.com/lameduck-dev/lameduck/internal/engine/http1"
)

// LongPoll asks GET /news?after=N again and again, on kept connections, each
// time for what came after the answer before. 204 means that nothing came
// for now.
func LongPoll(ctx context.Context, dial Dial, t *Tally) {
	c := &client{ctx, dial, t}
	var group sync.WaitGroup
	for range 8 {
		group.Go(c.poll)
	}
	group.Wait()
}

func (c *client) poll() {
	last := "0"
	for !c.done() {
		conn, ok := c.connect()
		if !ok {
			continue
		}
		for !c.done() && c.news(conn, &last) {
		}
		conn.Close()
		c.pause(retryPause) // a client that is asked to leave may be sent to the same server once more
	}
}

// news asks once and reports whether the connection can be used again.
func (c *client) news(conn *engine.Conn, last *string) bool {
	s := c.open(http1.Plain(engine.Config{
		Request: engine.Request{Method: "GET", Path: "/news?after=" + *last, Host: "load"},
		Keep:    1 << 10, Timeout: patience,
	}), conn, engine.Kept)
	x := s.Do(context.WithoutCancel(c.ctx))
	err := exchangeLoss(&x)
	c.t.End(err)
	if err != nil {
		return false
	}
	if text := strings.TrimSpace(string(x.Content)); text != "" {
		*last = text
	}
	return c.stays(&x) && c.staysOpen(s, time.Millisecond)
}
