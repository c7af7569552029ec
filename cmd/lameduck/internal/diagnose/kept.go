package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// kept is one connection that its client uses for more than one request.
type kept struct {
	last     *timeline.Attempt // the last attempt on it
	answers  int               // after T0
	answered time.Duration     // when the last response was complete, or never
}

// countNotAsked counts them whatever the fault is. Where the pod was killed
// they may be what its shutdown waited for.
func (p *podFacts) countNotAsked() int {
	if p.t0 == never || p.Exited == never || p.stoppedAt() < p.t0 {
		return 0
	}
	notAsked, asked := 0, 0
	for _, k := range p.keptConnections() {
		switch {
		case k.last.End == timeline.Announced && k.last.Ended >= p.t0:
			asked++
		case p.usedUntilExit(k) && p.closedByExit(k):
			notAsked++
		}
	}
	if notAsked <= asked {
		return 0
	}
	return notAsked
}

// keptWhenKilled counts the keep-alive connections that a pod still used when
// it was killed. A graceful shutdown waits for them, so they may be the reason
// why it had not exited.
func (p *podFacts) keptWhenKilled() int {
	if p.Killed == never || !p.Caught && !p.Unknown {
		return 0
	}
	return p.notAskedToClose
}

func (p *podFacts) keptWhenKilledText() string {
	n := p.keptWhenKilled()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s in use until the exit never received Connection: close", count(n, "keep-alive connection"))
}

// anyKeptWhenKilled reports whether any pod had such connections.
func (m *match) anyKeptWhenKilled() bool {
	return slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.keptWhenKilled() > 0 })
}

func (p *podFacts) keptConnections() []*kept {
	byConn := map[uint64]*kept{}
	var all []*kept
	for _, a := range p.attempts {
		if a.Conn == 0 || !p.reusesConns[a.Pattern] {
			continue
		}
		k := byConn[a.Conn]
		if k == nil {
			k = &kept{answered: never}
			byConn[a.Conn], all = k, append(all, k)
		}
		k.last = a
		if !a.Dropped() {
			k.answered = max(k.answered, a.Ended)
			if a.Ended >= p.t0 {
				k.answers++
			}
		}
	}
	return all
}

// usedUntilExit reports whether the server had enough responses to ask the
// connection to close: two after T0, the last of them in the second half of the
// lame duck. A server that spreads the close of its connections over the first
// half has no fault.
func (p *podFacts) usedUntilExit(k *kept) bool {
	return k.answers >= 2 && k.answered >= p.t0+(p.stoppedAt()-p.t0)/2
}

// closedByExit distinguishes the exit of the pod from an idle time-out: the connection
// ended at the exit, or soon after the last response.
func (p *podFacts) closedByExit(k *kept) bool {
	ended := k.last.EndedConn
	if k.last.Dropped() {
		ended = k.last.Ended
	}
	if k.last.End != timeline.FIN && k.last.End != timeline.Broken && !k.last.Dropped() {
		return false
	}
	return ended >= p.Exited-p.exitError-time.Second || ended-k.answered < time.Second
}
