package attribute

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// attributeConnections finds the pod of each connection. The connections show
// until when each pod accepted new ones and when it stopped.
func (in *inference) attributeConnections() {
	for c := range in.byEnd() {
		if c.pod == "" {
			c.assign(in.podOf(c))
		}
		p := in.byName[c.pod]
		if p == nil || c.pod == "" || c.probable {
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

// byEnd are the connections in the order of their ends.
func (in *inference) byEnd() iter.Seq[*connection] {
	order := make([]int, len(in.connections))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(in.connections[i].ended, in.connections[j].ended), cmp.Compare(i, j))
	})
	return func(yield func(*connection) bool) {
		for _, i := range order {
			if !yield(&in.connections[i]) {
				return
			}
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
	case c.announced, c.failing:
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
	return c.ended == timeline.Never || c.queued() || c.announced && in.alwaysAnnounces || c.failing && in.alwaysFails
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
