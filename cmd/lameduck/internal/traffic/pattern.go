package traffic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// Pattern is one way to use a server.
type Pattern struct {
	Name    string // as on the command line and in Attempt.Pattern
	Summary string // what it does, in one line

	divisor int // it starts Rate/divisor attempts a second, at least one
	client  func(*patternRun) client
}

// patterns lists all of them, in the order reports use. A new one is an entry
// here and a client.
var patterns = []Pattern{
	{"new", "a new connection for every request", 1, newConnection},
	{"keepalive", "a few connections, each used for many requests", 1, newKeepalive},
	{"slow", "a request with its head sent over 2 s, on a keep-alive connection", 10, newSlow},
}

// Known returns every pattern, in the order reports use.
func Known() []Pattern { return slices.Clone(patterns) }

// Default returns the patterns used when none is asked for.
func Default() []Pattern { return named("new", "keepalive", "slow") }

// ParsePatterns reads a list of names separated by commas, or "all". The
// error for a name it doesn't know has a hint that lists those it does.
func ParsePatterns(list string) ([]Pattern, error) {
	if strings.TrimSpace(list) == "all" {
		return Known(), nil
	}
	var chosen []Pattern
	for name := range strings.SplitSeq(list, ",") {
		found := named(strings.TrimSpace(name))
		if len(found) == 0 {
			return nil, unknown(strings.TrimSpace(name))
		}
		if !slices.ContainsFunc(chosen, func(p Pattern) bool { return p.Name == found[0].Name }) {
			chosen = append(chosen, found...)
		}
	}
	return chosen, nil
}

func named(names ...string) []Pattern {
	var found []Pattern
	for _, p := range patterns {
		if slices.Contains(names, p.Name) {
			found = append(found, p)
		}
	}
	return found
}

func unknown(name string) error {
	names := make([]string, len(patterns))
	for i, p := range patterns {
		names[i] = p.Name
	}
	err := errors.New("empty name of a traffic pattern")
	if name != "" {
		err = fmt.Errorf("unknown traffic pattern %q", name)
	}
	return hint.New(err, "use \"all\", or some of "+strings.Join(names, ", ")+" with commas between them")
}

// rate is how many attempts per second the pattern starts.
func (p Pattern) rate(base int) int { return max(1, base/p.divisor) }
