package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// connection is one connection, and its attempts.
type connection struct {
	attempts    []*timeline.Attempt
	pod         string // as observed
	opened      time.Duration
	answered    time.Duration // when the last response of any kind was complete, or Never
	lastStarted time.Duration // when the last attempt began
	ended       time.Duration // as noticed by the client, or Never
	end         timeline.End
	cutByServer bool // in the middle of an attempt
	hung        bool // until the time-out of the client
	failing     bool // the last response was a 5xx
}

func (c *connection) add(a *timeline.Attempt) {
	c.attempts = append(c.attempts, a)
	if a.Pod != "" && c.pod == "" {
		c.pod = a.Pod
	}
	c.opened = min(c.opened, a.Started)
	if !a.Failed() || a.Cause == timeline.Status5xx {
		c.answered = max(c.answered, a.Ended)
	}
	if a.Started < c.lastStarted {
		return
	}
	c.lastStarted, c.ended, c.end = a.Started, timeline.Never, a.End
	c.hung = a.Cause == timeline.Timeout
	c.failing = a.Cause == timeline.Status5xx
	c.cutByServer = a.Cause == timeline.Reset || a.Cause == timeline.EOF || a.Cause == timeline.Truncated || a.Cause == timeline.Unreachable
	switch {
	case c.cutByServer || c.hung || c.failing:
		c.ended = a.Ended
	case a.End != timeline.Open:
		c.ended = a.EndedConn
	}
}

// queued reports whether the kernel of the server accepted the connection, and
// the server did not.
func (c *connection) queued() bool { return c.hung && c.answered == timeline.Never }

func (c *connection) assign(pod string, by timeline.By) {
	for _, a := range c.attempts {
		if a.Pod == "" {
			a.Pod, a.PodBy = pod, by
		}
	}
}
