package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func newBacklog(pods []*podFacts) backlog {
	b := backlog{until: forever, shortest: map[string]time.Duration{}, longestNew: map[string]time.Duration{}, delayed: map[time.Duration]wait{}}
	for _, p := range pods {
		if p.t0.came() {
			b.until = min(b.until, p.earliestT0())
		}
	}
	return b
}

// mostWait is the longest that an answer takes at a server that keeps up, by the
// shortest so far; 0 if there is none.
func (b *backlog) mostWait(pattern string) time.Duration {
	shortest, known := b.shortest[pattern]
	if !known {
		return 0
	}
	return max(2*shortest+reaction, minDelay)
}

func (b *backlog) add(a *timeline.Attempt) {
	if !a.Failed() && (b.mostWait(a.Pattern) == 0 || a.Latency() < b.shortest[a.Pattern]) {
		b.shortest[a.Pattern] = a.Latency()
	}
	if a.Scheduled >= b.until {
		return
	}
	if !a.Failed() && !a.Reused && a.Ended < b.until {
		b.longestNew[a.Pattern] = max(b.longestNew[a.Pattern], a.Ended-a.Started)
	}
	if !a.Failed() && a.Ended < b.until {
		b.addDelay(wait{a.Scheduled + b.shortest[a.Pattern], a.Ended})
	}
	b.sent++
	if !a.Failed() && a.Ended < b.until {
		b.answers++
		b.lastAnswer = max(b.lastAnswer, a.Ended)
	}
	if most := b.mostWait(a.Pattern); most > 0 && a.Scheduled+most < b.until {
		b.due++
		if a.Latency() > most {
			b.long = append(b.long, longWait{wait{a.Scheduled, a.Ended}, most})
		}
	}
}

// addDelay notes how long an answer took longer than the shortest of its pattern.
func (b *backlog) addDelay(w wait) {
	second := w.due / time.Second
	if w.length() > max(reaction, b.delayed[second].length()) {
		b.delayed[second] = w
	}
}

// settleDelays finds out for how long the server let a request wait at most, while nothing
// terminated, without the time for which this machine was late.
func (b *backlog) settleDelays(o *observer) {
	for _, w := range b.delayed {
		b.longest = max(b.longest, o.waited(w.due, w.over).atLeast)
	}
	o.reacts = max(reaction, b.longest)
}

// mostQueued is for how long a connection was in the accept queue at most, while nothing
// terminated, or forever where nothing shows it. The queue is first in, first out, so a
// request that takes long is accepted as soon as one that is answered at once. Only patterns
// that use no connection again make new ones all the time.
func (b *backlog) mostQueued(reuses map[string]bool) time.Duration {
	most := forever
	for pattern, longest := range b.longestNew {
		if !reuses[pattern] {
			most = min(most, longest)
		}
	}
	return most
}

// settle finds out whether the backlog grows: a third of the attempts were late, and
// not only a few, or the accept queue did not move for so long, also without the time
// for which this machine was late meanwhile.
func (b *backlog) settle(pods []*podFacts, machine attribute.Stalls) {
	waited := func(w wait) time.Duration { return w.length() - machine.Within(w.due, w.over) }
	n := 0
	for _, l := range b.long {
		if waited(l.wait) > l.most {
			n++
		}
	}
	b.grows = n >= minSeconds && n*shareOfTime >= b.due
	for _, p := range pods {
		if p.stalled.came() && p.t0.came() && waited(wait{p.stalled.latest, p.earliestT0()}) >= minSeconds*time.Second {
			b.grows = true
		}
	}
}

// These are a definition. Time-outs are all over the run if there are so many, in so many of its seconds
// in which no pod was terminating: a third of them, and for longer than an exchange of any
// pattern takes by itself, which is 2 s, so that it is not one that all others wait for.
const (
	minTimeouts = 5
	minSeconds  = 3
	shareOfTime = 3
)
