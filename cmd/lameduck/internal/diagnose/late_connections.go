package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// measured is for how long new connections arrive after T0, and what that rests
// on.
type measured struct {
	last    time.Duration
	pod     string // the pod of that connection; "" if none was made
	proxy   bool   // last is when the last kube-proxy took the pod out of its rules
	counted int    // new connections after T0 whose pod is known
	unknown int    // new connections that a terminating pod may have accepted, or another
}

// lastConnection is the latest new connection of all pods; the first pod by
// start if two are equal. On a cluster kube-proxy may report a later moment
// than the connections show: it routed new connections to the pod until it had
// applied the change.
func (l *load) lastConnection(run *timeline.Run, pods []*podFacts) measured {
	m := measured{unknown: l.unattributed}
	proxies := proxiesUpdated(run)
	for _, p := range pods {
		if p.T0() == never {
			continue
		}
		m.counted += p.late.Connections
		if p.late.Connections > 0 {
			m.consider(p.late.LastConnection, p.Name, false)
		}
		if updated, ok := proxies[p.Name]; ok && updated >= p.T0() {
			m.consider(updated-p.T0(), p.Name, true)
		}
	}
	return m
}

func (m *measured) consider(since time.Duration, pod string, proxy bool) {
	if m.pod == "" || since > m.last {
		m.last, m.pod, m.proxy = since, pod, proxy
	}
}

// known reports whether something was measured: a moment, or that surely no
// connection came.
func (m *measured) known() bool { return m.pod != "" || m.unknown == 0 }

func (m *measured) whyDelay(delay int) string {
	if m.pod == "" {
		return "no new connection arrived after termination began, so 1 s of delay is enough"
	}
	s := "the last new connection arrived %s after termination began (%s), × 1.25 + 1 s makes %d s of delay"
	if m.proxy {
		s = "the last kube-proxy was updated %s after termination began (%s), × 1.25 + 1 s makes %d s of delay"
	}
	s = fmt.Sprintf(s, span(m.last), m.pod, delay)
	if m.unknown > 0 && !m.proxy {
		s += fmt.Sprintf(" (%s surely went to a terminating pod; %d more may have)", finding.Count(m.counted, "connection"), m.unknown)
	}
	return s
}

// terminations is when each pod was terminating.
func terminations(pods []*podFacts) *periods {
	var all []period
	for _, p := range pods {
		if t0 := p.T0(); t0 != never {
			all = append(all, period{t0, until(p.Exited, 0), p.index})
		}
	}
	return newPeriods(all)
}

// proxiesUpdated is when the last kube-proxy took each pod out of its rules,
// where the cluster let us read that. The first change on a node counts, the
// one to terminating: the removal follows the exit.
func proxiesUpdated(run *timeline.Run) map[string]time.Duration {
	type view struct {
		pod  string
		node string
	}
	seen := map[view]bool{}
	updated := map[string]time.Duration{}
	if run.Stage != "cluster" {
		return updated
	}
	for _, e := range run.Events {
		v := view{e.Pod, e.Node}
		leaving := e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
		if leaving && e.Source == timeline.SourceProxy && !seen[v] {
			seen[v] = true
			updated[e.Pod] = max(updated[e.Pod], e.At)
		}
	}
	return updated
}
