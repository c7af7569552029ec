package traffic

import (
	"context"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

// Start sends traffic until Stop is called, which it must be. When ctx ends no
// more attempts begin, and those in progress are cancelled and not recorded:
// the client ended them. The Spec must pass Check, and the Env have a Dialer and
// Record, or Start panics. TLSAuto is clear text here; see Detect.
func Start(ctx context.Context, spec Spec, env Env) *Load {
	l := newLoad(ctx, spec, env)
	rates := make([]int, len(l.patternRuns))
	for i, n := range l.patternRuns {
		rates[i] = n.rate
	}
	begin := l.env.Clock.Now()
	for i, phase := range phases(rates) {
		l.pacers.Go(func() { l.patternRuns[i].pace(begin + phase) })
	}
	return l
}

// newLoad makes a load that begins no attempt by itself.
func newLoad(ctx context.Context, spec Spec, env Env) *Load {
	if len(env.Dial) == 0 || env.Record == nil {
		panic("traffic: no Dialer, or no Record")
	}
	l := &Load{spec: spec.WithDefaults(), env: env, ctx: ctx, open: map[*conn]struct{}{}}
	if l.spec.TLS == timeline.TLSOn {
		l.tls = tlsConfig(l.spec.Host)
	}
	for _, name := range l.spec.Patterns {
		l.patternRuns = append(l.patternRuns, newPatternRun(l, find(name)))
	}
	l.release = context.AfterFunc(ctx, func() {
		l.halt()
		l.abandon()
	})
	return l
}

func newPatternRun(l *Load, p *Pattern) *patternRun {
	n := &patternRun{Load: l, pattern: p, rate: p.rate(l.spec.Rate), takes: p.sendTakes(&l.spec.Limits), wakeup: newWakeup()}
	if l.env.takes > 0 {
		n.takes = l.env.takes
	}
	n.engine = p.engine(engine.Config{
		Request: asked(&l.spec.Request), PodHeader: strings.ToLower(l.spec.PodHeader),
		Timeout: l.spec.Limits.Timeout, Takes: n.takes,
	})
	n.policy = p.policy(n)
	return n
}

// Stop begins no more attempts and waits for those in progress, or until the
// context of Start ends. With a server that does not respond, an attempt takes
// DialTimeout plus Timeout, plus what the pattern takes by itself; one that is
// retried, DialTimeout plus Timeout once more. Then Stop records the attempts that were held back and closes every
// connection. It may be called once.
func (l *Load) Stop() {
	l.halt()
	l.pacers.Wait()
	l.attempts.Wait()
	for _, n := range l.patternRuns {
		n.policy.finish()
		n.wakeup.close()
	}
	l.release()
}

// halt stops the pacers.
func (l *Load) halt() {
	l.stop.Do(func() {
		for _, n := range l.patternRuns {
			n.stopped.Store(true)
			n.wakeup.stop()
		}
	})
}

// abandon closes every connection, so that whatever waits on one returns.
func (l *Load) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.net.Close()
	}
}

// pace starts every attempt at its moment. After a delay of this process all
// that are due start immediately, each with the moment it was due.
func (n *patternRun) pace(begin time.Duration) {
	for tick := int64(0); !n.stopped.Load(); tick++ {
		moment := begin + due(tick, n.rate)
		for wait := moment - n.env.Clock.Now(); wait > 0; wait = moment - n.env.Clock.Now() {
			if !n.wakeup.wait(wait) {
				return
			}
		}
		n.policy.start(tick, moment)
	}
}
