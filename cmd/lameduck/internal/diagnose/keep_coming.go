package diagnose

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// measured is for how long new connections keep coming after T0, and what that
// rests on.
type measured struct {
	last    time.Duration
	pod     string // that it is of; "" if none came
	proxy   bool   // it is when the last kube-proxy took the pod out
	counted int    // new connections after T0 that are known to be a pod's
	unknown int    // those that a terminating pod may have taken, or another
}

// lastConnection is the latest new connection of all pods; the first pod by
// start if two are level. On a cluster kube-proxy may tell of a later one than
// could be told by the connections: it sent them until it had heard.
func lastConnection(run *timeline.Run, pods []timeline.Pod, late map[string]timeline.Late) measured {
	m := measured{unknown: unattributed(run, pods)}
	proxies := proxiesHeard(run)
	for _, p := range pods {
		l, ok := late[p.Name]
		if !ok {
			continue
		}
		m.counted += l.Connections
		if l.Connections > 0 {
			m.take(l.LastConnection, p.Name, false)
		}
		if heard, ok := proxies[p.Name]; ok && heard >= p.T0() {
			m.take(heard-p.T0(), p.Name, true)
		}
	}
	return m
}

func (m *measured) take(since time.Duration, pod string, proxy bool) {
	if m.pod == "" || since > m.last {
		m.last, m.pod, m.proxy = since, pod, proxy
	}
}

// known reports whether something was measured: a moment, or that surely none
// came.
func (m *measured) known() bool { return m.pod != "" || m.unknown == 0 }

func (m *measured) whyDelay(delay int) string {
	if m.pod == "" {
		return "no new connection came after termination began, so 1 s of delay is enough"
	}
	s := "the last new connection came %s after termination began (%s), × 1.25 + 1 s makes %d s of delay"
	if m.proxy {
		s = "the last kube-proxy knew %s after termination began (%s), × 1.25 + 1 s makes %d s of delay"
	}
	s = fmt.Sprintf(s, span(m.last), m.pod, delay)
	if m.unknown > 0 && !m.proxy {
		s += fmt.Sprintf(" (it rests on %d that are known to be a terminating pod's; %d more may have been)", m.counted, m.unknown)
	}
	return s
}

// unattributed counts the new connections that a terminating pod may have
// been sent, but not for sure.
func unattributed(run *timeline.Run, pods []timeline.Pod) int {
	if run.Stage != "cluster" {
		return 0
	}
	n, terminating := 0, terminations(pods)
	for i := range run.Attempts {
		a := &run.Attempts[i]
		if a.Control || a.Reused || a.Started == never || a.Pod != "" && a.PodBy != timeline.ByLikelihood || a.Pod == "" && a.Conn == 0 {
			continue
		}
		if terminating.overlap(a.Started, a.Started, anyPod) {
			n++
		}
	}
	return n
}

// terminations is from when to when each pod was terminating.
func terminations(pods []timeline.Pod) *periods {
	var all []period
	for i, p := range pods {
		if t0 := p.T0(); t0 != never {
			all = append(all, period{t0, until(p.Exited, 0), i})
		}
	}
	return newPeriods(all)
}

// proxiesHeard is when the last kube-proxy took each pod out of use, where a
// cluster let us read that. A node's first word counts: that the pod is
// terminating. That it has gone altogether follows its exit.
func proxiesHeard(run *timeline.Run) map[string]time.Duration {
	type view struct {
		pod  string
		node int
	}
	knew := map[view]bool{}
	heard := map[string]time.Duration{}
	if run.Stage != "cluster" {
		return heard
	}
	for _, e := range run.Events {
		v := view{e.Pod, e.Node}
		leaving := e.Kind == timeline.EndpointTerminating || e.Kind == timeline.EndpointRemoved
		if leaving && e.Node > 0 && !knew[v] {
			knew[v] = true
			heard[e.Pod] = max(heard[e.Pod], e.At)
		}
	}
	return heard
}
