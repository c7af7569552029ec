package console

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// An interruption hides no failed clean-up, and a clean-up that failed is not
// called done.
func TestExitCode(t *testing.T) {
	cordoned := &trial.CleanUpError{Err: hint.New(errors.New("node-a is still cordoned"), "kubectl uncordon node-a")}
	cancelled := fmt.Errorf("round 1: %w", context.Canceled)
	const everything = "lameduck: interrupted; everything that was started has been ended\n"
	for _, c := range []struct {
		name        string
		err         error
		interrupted bool
		code        int
		want        string
	}{
		{"clean", nil, false, ExitClean, ""},
		{"findings", ErrFindings, false, ExitFindings, ""},
		{"usage", Usage(hint.New(errors.New("--rate 0"), "use 1 or more")), false, ExitUsage, "lameduck: --rate 0\nhint: use 1 or more\n"},
		{"failed", errors.New("two\nlines"), false, ExitFailed, "lameduck: two lines\n"},
		{"interrupted", cancelled, true, ExitFailed, everything},
		{"interrupted, clean-up failed", errors.Join(cancelled, cordoned), true, ExitFailed,
			"lameduck: interrupted, and node-a is still cordoned\nhint: kubectl uncordon node-a\n"},
		{"clean-up failed", cordoned, false, ExitFailed, "lameduck: node-a is still cordoned\nhint: kubectl uncordon node-a\n"},
		{"findings, and clean-up failed", errors.Join(ErrFindings, cordoned), false, ExitFailed,
			"lameduck: node-a is still cordoned\nhint: kubectl uncordon node-a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.interrupted {
				cancel()
			}
			var out strings.Builder
			code := exitCode(ctx, c.err, &out)
			if code != c.code || out.String() != c.want {
				t.Errorf("exit code %d and %q, want %d and %q", code, out.String(), c.code, c.want)
			}
		})
	}
}
