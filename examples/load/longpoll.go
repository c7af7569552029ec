package load

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
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
		h, ok := c.http()
		if !ok {
			continue
		}
		for !c.done() && h.news(c.t, &last) {
		}
		h.Close()
		c.pause(retryPause) // a client that is asked to leave may be sent to the same server once more
	}
}

// news asks once and reports whether the connection can be used again.
func (h *http1) news(t *Tally, last *string) bool {
	res, text, err := h.exchange(get(fmt.Sprint("/news?after=", *last)), "", 0)
	t.End(err)
	if err != nil {
		return false
	}
	if text = strings.TrimSpace(text); text != "" {
		*last = text
	}
	return stays(res, t) && h.think(time.Millisecond)
}
