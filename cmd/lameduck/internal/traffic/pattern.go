package traffic

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine/http1"
)

// patterns lists all of them, in the order reports use: name, summary, policy, engine,
// divisor of the rate, how long an exchange takes, whether its head takes that long.
var patterns = []Pattern{
	{"new", "a new connection for every request", newFresh, http1.Plain, 1, 0, false},
	{"keepalive", "a few connections, each used for many requests", newKept, http1.Plain, 1, 0, false},
	{"slow", "a request with its head sent over 2 s, half of them on keep-alive connections", newAlternating, http1.Slow, 10, 2 * time.Second, true},
	{"upload", "a POST with 16 KiB of content sent over 1 s, on a keep-alive connection", newKept, http1.Upload, 10, time.Second, false},
	{"download", "an answer that is read over 1 s, if it is longer than 4 KiB, on a keep-alive connection", newKept, http1.Download, 10, time.Second, false},
}

// Known returns every pattern, in the order reports use.
func Known() []Pattern { return slices.Clone(patterns) }

// ParsePatterns reads a list of names separated by commas, or "all". The
// error for a name it doesn't know has a hint that lists those it does.
func ParsePatterns(list string) ([]string, error) {
	if strings.TrimSpace(list) == "all" {
		return names(), nil
	}
	var chosen []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if find(name) == nil {
			return nil, unknown(name)
		}
		if !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}

// find is the pattern of that name, or nil.
func find(name string) *Pattern {
	if i := slices.IndexFunc(patterns, func(p Pattern) bool { return p.Name == name }); i >= 0 {
		return &patterns[i]
	}
	return nil
}

// Interval is the time between two attempts of a pattern at a rate: of one that is not
// known the longest that any has.
func Interval(name string, rate int) time.Duration {
	p := find(name)
	if p == nil {
		return time.Second
	}
	return time.Second / time.Duration(p.rate(rate))
}

func names() []string {
	all := make([]string, len(patterns))
	for i, p := range patterns {
		all[i] = p.Name
	}
	return all
}

func unknown(name string) error {
	err := errors.New("empty name of a traffic pattern")
	if name != "" {
		err = fmt.Errorf("unknown traffic pattern %q", name)
	}
	return hint.New(err, hint.DidYouMean(name, names(), "use \"all\", or some of "+strings.Join(names(), ", ")+" with commas between them"))
}

// rate is how many attempts per second the pattern starts.
func (p *Pattern) rate(base int) int { return max(1, base/p.divisor) }

// sendTakes is how long the pattern takes to send its request, or to read the response, by
// itself.
func (p *Pattern) sendTakes(limits *Limits) time.Duration {
	if p.head && limits.Head > 0 {
		return min(p.takes, limits.Head)
	}
	return p.takes
}

// headTakes is how long the pattern takes to send the head of a request, if it
// sends it slowly; else 0.
func (p *Pattern) headTakes(limits *Limits) time.Duration {
	if !p.head {
		return 0
	}
	return p.sendTakes(limits)
}

// ServerTook is the part of an attempt's latency that is the server's: without the time
// that its pattern takes by itself.
func (s Spec) ServerTook(a *timeline.Attempt) time.Duration {
	p := find(a.Pattern)
	if p == nil {
		return a.Latency()
	}
	return max(0, a.Latency()-p.sendTakes(&s.Limits))
}

// HeadTakes is how long the slowest head of the load takes to be sent; 0 if no
// pattern sends one slowly.
func (s Spec) HeadTakes() time.Duration {
	longest := time.Duration(0)
	for _, name := range s.WithDefaults().Patterns {
		longest = max(longest, find(name).headTakes(&s.Limits))
	}
	return longest
}

// CutHead reports whether the server ended the attempt while the pattern was still sending
// the head of its request, slowly: with a 408, another error of the client, or by
// closing the connection.
func CutHead(a *timeline.Attempt) bool {
	p := find(a.Pattern)
	ended := a.Status/100 == 4 || a.Class == timeline.ClassCut || a.Class == timeline.ClassTruncated
	return p != nil && p.head && a.Conn != 0 && a.Sent == timeline.Never && ended
}
