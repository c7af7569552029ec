package attribute

import (
	"cmp"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

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
// connection ended between its last response and the moment at which its client looked;
// one that timed out, at any time before that. An exit cuts everything
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
