package attribute

import (
	"cmp"
	"slices"
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

// attributeConnections finds the pod of each connection. The connections show
// until when each pod accepted new ones and when it stopped.
func (in *inference) attributeConnections() {
	slices.SortStableFunc(in.connections, func(a, b *connection) int { return cmp.Compare(a.ended, b.ended) })
	for _, c := range in.connections {
		pod, by := c.pod, timeline.Inferred
		if pod == "" {
			pod, by = in.podOf(c)
		}
		if pod == "" {
			continue
		}
		c.assign(pod, by)
		p := in.byName[pod]
		if p == nil || by == timeline.Probable {
			continue
		}
		if c.answered != timeline.Never {
			p.lastAccepted = max(p.lastAccepted, c.opened)
		}
		if c.cutByServer {
			p.refineExit(c.ended)
		}
	}
}

// refineExit corrects the moment of an exit: the kernel ends all connections of
// a process with it, at a moment that their clients know exactly.
func (p *podWindow) refineExit(at time.Duration) {
	n := len(p.exits)
	if n == 0 || p.exits[n-1].restarted != timeline.Never {
		return
	}
	last := p.exits[n-1]
	if at >= last.from-clockSlack && at <= last.to && (p.stoppedAt == last.to || at > p.stoppedAt) {
		p.stoppedAt = at
	}
}

func (in *inference) podOf(c *connection) (string, timeline.By) {
	var possible []*podWindow
	for _, p := range in.pods {
		if p.possible(c) {
			possible = append(possible, p)
		}
		if len(possible) > 1 && in.undecided(c) {
			return "", timeline.Observed
		}
	}
	switch {
	case len(possible) == 0:
		return "", timeline.Observed
	case len(possible) == 1:
		return possible[0].Name, timeline.Inferred
	case c.end == timeline.Announced, c.failing:
		return lastTerminating(possible, c.ended)
	}
	if pod, by := c.nearestExit(possible); pod != "" {
		return pod, by
	}
	return lastTerminating(possible, c.ended)
}

// undecided reports whether nothing distinguishes several possible pods of the
// connection: it did not end, or the server always ends connections like that,
// or (see attributeDials) the dials have to be attributed first.
func (in *inference) undecided(c *connection) bool {
	return c.ended == timeline.Never || c.queued() || c.end == timeline.Announced && in.alwaysAnnounces || c.failing && in.alwaysFails
}

// nearestExit is the pod whose exit may have ended the connection. An idle
// connection ended between its last response and the moment its client looked,
// a connection that timed out at any time in between. An exit cuts everything
// at one moment: a connection that was cut at another moment belongs to another
// exit if there is one.
func (c *connection) nearestExit(possible []*podWindow) (pod string, by timeline.By) {
	since := c.ended
	switch {
	case c.hung:
		since = c.lastStarted
	case !c.cutByServer && c.answered != timeline.Never:
		since = c.answered
	}
	var best *exit
	plausible := 0
	for _, p := range possible {
		x := p.exitBetween(since, c.ended)
		if x == nil {
			continue
		}
		plausible++
		if best == nil || x.distance(c.ended) < best.distance(c.ended) {
			pod, best = p.Name, x
		}
	}
	if best != nil && c.cutByServer && best.cut == timeline.Never {
		best.cut = c.ended
	}
	by = timeline.Probable
	if plausible == 1 && c.cutByServer {
		by = timeline.Inferred
	}
	return pod, by
}

// exitBetween is the exit of the pod that may have been between two moments, or
// nil.
func (p *podWindow) exitBetween(since, until time.Duration) *exit {
	for i := range p.exits {
		if x := &p.exits[i]; x.from-clockSlack <= until && x.to+clockSlack >= since {
			return x
		}
	}
	return nil
}

// distance is how badly the moment fits the exit, 0 best: the moment at which
// it cut other connections, an exit of which no cut is known yet, any other.
func (x *exit) distance(at time.Duration) int {
	switch {
	case x.cut != timeline.Never && (at-x.cut).Abs() <= clockSlack:
		return 0
	case x.cut == timeline.Never:
		return 1
	}
	return 2
}

// lastTerminating is the pod that was terminating; of several the one whose
// termination began last.
func lastTerminating(possible []*podWindow, at time.Duration) (string, timeline.By) {
	terminating := slices.DeleteFunc(slices.Clone(possible), func(p *podWindow) bool { return !p.terminating(at) })
	switch len(terminating) {
	case 0:
		return "", timeline.Observed
	case 1:
		return terminating[0].Name, timeline.Inferred
	}
	return slices.MaxFunc(terminating, func(a, b *podWindow) int { return int(a.earliestT0 - b.earliestT0) }).Name, timeline.Probable
}
