package traffic

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic/engine"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic/http1"
)

// Pattern is one way to use a server: a policy of connections, and a protocol
// on them.
type Pattern struct {
	Name    string // as on the command line and in Attempt.Pattern
	Summary string // what it does, in one line

	policy  func(*patternRun) policy
	engine  func(engine.Config) engine.Engine
	divisor int           // it starts Rate/divisor attempts a second, at least one
	takes   time.Duration // how long an exchange takes by itself
}

// patterns lists all of them, in the order reports use.
var patterns = []Pattern{
	{"new", "a new connection for every request", newFresh, http1.Plain, 1, 0},
	{"keepalive", "a few connections, each used for many requests", newKept, http1.Plain, 1, 0},
	{"slow", "a request with its head sent over 2 s, on a keep-alive connection", newKept, http1.Slow, 10, 2 * time.Second},
	{"upload", "a POST with 16 KiB of content sent over 1 s, on a keep-alive connection", newKept, http1.Upload, 10, time.Second},
	{"download", "an answer that is read over 1 s, if it is longer than 4 KiB, on a keep-alive connection", newKept, http1.Download, 10, time.Second},
}

// Known returns every pattern, in the order reports use.
func Known() []Pattern { return slices.Clone(patterns) }

// Default returns the names of the patterns used when none is asked for.
func Default() []string { return []string{"new", "keepalive", "slow"} }

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
	return hint.New(err, "use \"all\", or some of "+strings.Join(names(), ", ")+" with commas between them")
}

// rate is how many attempts per second the pattern starts.
func (p *Pattern) rate(base int) int { return max(1, base/p.divisor) }
