package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// backlog is how the server kept up before the first termination: a server with
// too few workers lets each request wait longer than the one before, long before
// one times out.
type backlog struct {
	until         time.Duration            // the first termination
	shortest      map[string]time.Duration // the shortest time that an answer took, by pattern
	due, late     int                      // attempts that should have been answered by then, and those that took more than twice the time
	sent, answers int                      // before the first termination
	lastAnswer    time.Duration            // of those; what is in progress after it is no lack of capacity
}

func newBacklog(pods []*podFacts) backlog {
	b := backlog{until: forever, shortest: map[string]time.Duration{}}
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
	if !a.Dropped() && (b.mostWait(a.Pattern) == 0 || a.Latency() < b.shortest[a.Pattern]) {
		b.shortest[a.Pattern] = a.Latency()
	}
	if a.Scheduled >= b.until {
		return
	}
	b.sent++
	if !a.Dropped() && a.Ended < b.until {
		b.answers++
		b.lastAnswer = max(b.lastAnswer, a.Ended)
	}
	if most := b.mostWait(a.Pattern); most > 0 && a.Scheduled+most < b.until {
		b.due++
		if a.Latency() > most {
			b.late++
		}
	}
}

// grows reports whether a third of the attempts were late, and not only a few.
func (b *backlog) grows() bool { return b.late >= minSeconds && b.late*shareOfTime >= b.due }

// queued reports whether the attempt may have waited behind others when it was
// cut: beside a backlog nothing shows that the server had begun with it.
func queued(a *timeline.Attempt) bool { return cutByServer(a) && !a.Reused && a.Bytes == 0 }
