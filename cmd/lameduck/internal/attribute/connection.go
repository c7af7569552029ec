package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// connection is one connection, by all of its attempts. There may be millions.
type connection struct {
	pod         string // as observed, or else as concluded
	opened      time.Duration
	answered    time.Duration // when the last response of any kind was complete, or Never
	lastStarted time.Duration // when the last attempt began
	ended       time.Duration // as noticed by the client, or Never
	probable    bool          // other pods were possible
	announced   bool          // the server announced its end
	cutByServer bool          // in the middle of an attempt
	hung        bool          // until the time-out of the client
	failing     bool          // the last response was a 5xx
}

func newConnection(a *timeline.Attempt) connection {
	return connection{opened: a.Started, answered: timeline.Never, ended: timeline.Never, lastStarted: timeline.Never}
}

func (c *connection) add(a *timeline.Attempt) {
	if c.pod == "" {
		c.pod = a.Pod
	}
	c.opened = min(c.opened, a.Started)
	if !a.Failed() || a.Cause == timeline.Status5xx {
		c.answered = max(c.answered, a.Ended)
	}
	if a.Started < c.lastStarted {
		return
	}
	c.lastStarted, c.ended, c.announced = a.Started, timeline.Never, a.End == timeline.Announced
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

// assign notes the pod that was concluded.
func (c *connection) assign(pod string, by timeline.By) {
	c.pod, c.probable = pod, by == timeline.Probable
}

// concluded is the pod of an attempt on the connection that has none by itself.
func (c *connection) concluded() (string, timeline.By) {
	switch {
	case c.pod == "":
		return "", timeline.Observed
	case c.probable:
		return c.pod, timeline.Probable
	}
	return c.pod, timeline.Inferred
}
