package lab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Profile is the time until a node applies a change of the endpoints: a
// distribution, counted from the write of the EndpointSlice. The slice
// controller's own 20 to 150 ms come before it. The zero Profile is the
// default, rollout.
type Profile struct {
	Name string // as ParseProfile takes it
	Doc  string // one line for help texts: what it is, and where the numbers are from

	stages []curve // the delays of successive stages add up
}

// fastSync is how long kube-proxy takes for a change that need not wait for
// minSyncPeriod, from the slice to the last new connection: measured on two
// nodes, docs/PROPAGATION.md.
var fastSync = curve{{0, 0}, {0.5, 60 * time.Millisecond}, {0.9, 150 * time.Millisecond}, {1, 350 * time.Millisecond}}

// Profiles are the named ones, in the order help texts list them.
var Profiles = []Profile{
	{
		Name:   "idle",
		Doc:    "kube-proxy without other changes: p50 60 ms, p90 150 ms (measured: a change after a quiet second is applied at once)",
		stages: []curve{fastSync},
	},
	{
		Name: "rollout",
		Doc:  "kube-proxy during a rollout: p50 0.6 s, p90 1 s, p99 2 s (changes wait for minSyncPeriod, 1 s by default; measured up to p90)",
		stages: []curve{
			uniform(0, time.Second),
			fastSync,
			// Three syncs in a hundred find a busy node: inferred, so that p99 is 2 s.
			{{0, 0}, {0.97, 0}, {1, 2200 * time.Millisecond}},
		},
	},
	{
		Name: "large",
		Doc:  "kube-proxy on 5,000 nodes: p50 5 s, p90 18 s, p99 24 s (the load test of KEP-3453, minSyncPeriod 1 s)",
		// The ends are inferred: the fastest node, and the 30 s of syncPeriod.
		stages: []curve{{{0, 500 * time.Millisecond}, {0.5, 5 * time.Second}, {0.9, 18 * time.Second}, {0.99, 24 * time.Second}, {1, 30 * time.Second}}},
	},
	{
		Name:   "ingress-nginx",
		Doc:    "ingress-nginx: 0-4.3 s (its sync is limited to 0.3 a second, its balancer polls every second)",
		stages: []curve{uniform(0, 3300*time.Millisecond), uniform(0, time.Second)},
	},
	{
		Name:   "alb",
		Doc:    "AWS ALB with pod IPs as targets: 10-60 s (reported in aws-load-balancer-controller #2106 and #1064)",
		stages: []curve{uniform(10*time.Second, 60*time.Second)},
	},
	{
		Name:   "nlb",
		Doc:    "AWS NLB with pod IPs as targets: 120-180 s (reported in aws-load-balancer-controller #2366)",
		stages: []curve{uniform(120*time.Second, 180*time.Second)},
	},
}

const defaultProfile = "rollout"

// ParseProfile reads the name of a profile, a duration such as "2s" (the same
// for every change and node) or a range such as "1s-3s" (uniform).
func ParseProfile(s string) (Profile, error) {
	for _, p := range Profiles {
		if p.Name == s {
			return p, nil
		}
	}
	low, high, err := parseRange(s)
	if err != nil {
		return Profile{}, hint.New(fmt.Errorf("propagation %q: %w", s, err),
			hint.DidYouMean(s, profileNames(), "use "+strings.Join(profileNames(), ", ")+", a duration such as 2s, or a range such as 1s-3s"))
	}
	return Profile{Name: s, Doc: "given on the command line", stages: []curve{uniform(low, high)}}, nil
}

func parseRange(s string) (low, high time.Duration, err error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	low, errLow := time.ParseDuration(from)
	high, errHigh := time.ParseDuration(to)
	switch {
	case errLow != nil || errHigh != nil:
		return 0, 0, fmt.Errorf("neither a profile nor a duration")
	case low < 0 || high < low:
		return 0, 0, fmt.Errorf("the range ends before it begins")
	}
	return low, high, nil
}

func profileNames() []string {
	names := make([]string, len(Profiles))
	for i, p := range Profiles {
		names[i] = p.Name
	}
	return names
}

// String is what ParseProfile takes.
func (p Profile) String() string {
	if p.Name == "" {
		return defaultProfile
	}
	return p.Name
}

// orDefault replaces the zero Profile.
func (p Profile) orDefault() Profile {
	if p.Name == "" {
		p, _ = ParseProfile(defaultProfile)
	}
	return p
}

// draw is one delay. It takes as many numbers from r as there are stages.
func (p Profile) draw(r *rand.Rand) time.Duration {
	var sum time.Duration
	for _, c := range p.stages {
		sum += c.at(r.Float64())
	}
	return sum
}

// curve is a quantile function, linear between its points. The first point is
// at 0, the last at 1.
type curve []quantile

// quantile is the delay that the share of all delays does not exceed.
type quantile struct {
	share float64
	delay time.Duration
}

func uniform(low, high time.Duration) curve { return curve{{0, low}, {1, high}} }

func (c curve) at(share float64) time.Duration {
	for i := 1; i < len(c); i++ {
		from, to := c[i-1], c[i]
		if share <= to.share {
			part := (share - from.share) / (to.share - from.share)
			return from.delay + time.Duration(part*float64(to.delay-from.delay))
		}
	}
	return c[len(c)-1].delay
}
