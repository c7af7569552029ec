package diagnose

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// The stable names of the findings.
const (
	neverReady    = "never-became-ready"
	ignoresSignal = "ignores-the-signal"
	closesEarly   = "closes-its-listener-too-early"
	graceShorter  = "grace-shorter-than-delay"
	exitsAtOnce   = "exits-at-once"
	crashes       = "crashes"
	notReady      = "not-ready-when-told"
	answers5xx    = "answers-5xx-while-terminating"
	delayShorter  = "delay-shorter-than-propagation"
	cutsKeepAlive = "cuts-keep-alive-at-exit"
	cutsInFlight  = "cuts-in-flight-at-exit"
	noEndpoint    = "no-endpoint"
	evicted       = "evicted-without-notice"
	forced        = "deleted-by-force"
	notKeepingUp  = "does-not-keep-up"
	tooBusy       = "too-busy-to-judge"
	unexplained   = "unexplained"
)

// The clock of a pod and those of its clients tell the same moment with some
// delay, more of it on a busy machine. No verdict hangs on less than this.
const (
	slack    = 30 * time.Millisecond  // between an event of a pod and its echo at a client
	echo     = 250 * time.Millisecond // after which an echo cannot be of the event any more
	underWay = 250 * time.Millisecond // a request that waits this long for its answer is being handled
	atOnce   = time.Second            // serving on for less is no delay; kube-proxy itself gathers changes for 1 s
)

// rule is one fault that can be told from what was seen.
type rule struct {
	id      string
	summary string
	// doubtful is the summary where the handler of the signal could not be seen.
	doubtful string
	// convicts says that the fault is this pod's verdict: its drops after T0
	// belong to it, and it is reported even if luck left nothing to drop.
	// The first rule that convicts a pod has it. nil: never a verdict.
	convicts func(*life) bool
	// mute says that a verdict without a drop is no finding.
	mute bool
	// hazard says that a pod without a verdict should be reported although
	// nothing may have dropped. nil: only drops count.
	hazard func(*life) bool
	// claims says that the drop is explained by this fault. The first rule
	// that claims a drop has it.
	claims func(*drop) bool
	// seen is the evidence of one pod, remark what else there is to say of all.
	seen   func(*life) string
	remark func(*matter) string
	// fix is what cures it.
	fix func(*matter) advice
}

// rules in the order in which they are asked.
var rules = []rule{
	ruleNeverReady,
	ruleEvicted,
	ruleForced,
	ruleIgnoresSignal,
	ruleClosesEarly,
	ruleGraceShorter,
	ruleExitsAtOnce,
	ruleCrashes,
	ruleNotReady,
	ruleAnswers5xx,
	ruleDelayShorter,
	ruleCutsKeepAlive,
	ruleCutsInFlight,
	ruleNoEndpoint,
	ruleNotKeepingUp,
	ruleTooBusy,
	ruleUnexplained,
}

// suspects are the pods the rule reports whether or not they dropped anything.
func (r *rule) suspects(s *scene) []*life {
	var lives []*life
	for _, l := range s.lives {
		if l.verdict == r.id && !r.mute || l.verdict == "" && r.hazard != nil && r.hazard(l) {
			lives = append(lives, l)
		}
	}
	return lives
}

// sentenced claims what a verdict explains: every drop of the pod from its T0
// on.
func sentenced(id string) func(*drop) bool {
	return func(d *drop) bool { return d.late() && d.life.verdict == id }
}

// orLeftNone claims besides those that found no endpoint because such a pod
// was the last to go. Had it gone on serving, it would have been the fallback
// (KEP-1669).
func orLeftNone(id string, claims func(*drop) bool) func(*drop) bool {
	return func(d *drop) bool {
		return claims(d) || d.gap && d.life != nil && d.life.verdict == id
	}
}

// matter is what one rule has gathered.
type matter struct {
	*scene
	lives []*life
	drops []*drop
	has   map[*life]bool // which lives there are
}

func newMatter(s *scene, lives []*life) matter {
	m := matter{scene: s, lives: lives, has: map[*life]bool{}}
	for _, l := range lives {
		m.has[l] = true
	}
	return m
}

func (m *matter) add(d *drop) {
	m.drops = append(m.drops, d)
	if d.life != nil && !m.has[d.life] {
		m.has[d.life] = true
		m.lives = append(m.lives, d.life)
	}
}

func (r *rule) summaryOf(m *matter) string {
	if r.doubtful != "" && m.unsure() {
		return r.doubtful
	}
	return r.summary
}

func (r *rule) finding(m *matter) finding.Finding {
	slices.SortFunc(m.lives, func(a, b *life) int { return a.index - b.index })
	return finding.Finding{
		ID:       r.id,
		Summary:  r.summaryOf(m),
		Evidence: r.evidence(m),
		Fix:      r.fix(m).String(),
		Drops:    len(m.drops),
	}
}
