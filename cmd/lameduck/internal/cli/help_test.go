package cli

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
)

// TestHelpOfVerify shows every flag once, those of one kind of trial in a group
// of their own.
func TestHelpOfVerify(t *testing.T) {
	code, help, errs := lameduck("verify", "--help")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	groups := strings.SplitAfter(help, "\nFlags")
	if len(groups) != 4 {
		t.Fatalf("%d groups of flags, want 3:\n%s", len(groups)-1, help)
	}
	var v verify
	v.onlyLab, v.onlyCluster = v.labFlags.add(new(pflag.FlagSet)), v.clusterFlags.add(new(pflag.FlagSet))
	cmd, _, err := newRoot(console.Streams{Out: io.Discard, Err: io.Discard}).Find([]string{"verify"})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		want := 1
		for group, names := range map[int][]string{2: v.onlyLab, 3: v.onlyCluster} {
			for _, name := range names {
				if name == f.Name {
					want = group
				}
			}
		}
		for i, text := range groups[1:] {
			line := regexp.MustCompile(`(?m)^ +(-\w, )?--` + f.Name + ` `)
			if shown := len(line.FindAllString(text, -1)); f.Name != "help" && (shown == 1) != (i+1 == want) {
				t.Errorf("--%s is %d times in group %d, want it in %d", f.Name, shown, i+1, want)
			}
		}
	})
}
