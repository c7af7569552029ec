package cli

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cluster"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
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

// TestExamplesComeFirst: below what a command is for, above all else, once.
func TestExamplesComeFirst(t *testing.T) {
	for _, args := range []string{"", "verify", "report", "lint", "explain", "demo", "prestop", "version", "completion"} {
		code, help, errs := lameduck(append(strings.Fields(args), "--help")...)
		example, usage := strings.Index(help, "\n\nExamples:\n  lameduck "), strings.Index(help, "\n\nUsage:\n")
		if code != 0 || errs != "" || example < 0 || usage < example || strings.Count(help, "Examples:") != 1 {
			t.Errorf("%s --help: exit code %d, %s\n%s", args, code, errs, help)
		}
	}
}

// TestHelpListsTheValues that the flags of verify take, each once with what it
// means.
func TestHelpListsTheValues(t *testing.T) {
	_, help, _ := lameduck("verify", "--help")
	var values []string
	for _, a := range lab.Actions {
		values = append(values, string(a))
	}
	for _, a := range cluster.Actions {
		if !slices.Contains(values, string(a)) {
			values = append(values, string(a))
		}
	}
	if len(actions) != len(values) {
		t.Errorf("the help has %d actions, want %q", len(actions), values)
	}
	for _, p := range traffic.Known() {
		values = append(values, p.Name)
	}
	_, lists, _ := strings.Cut(help, "Actions (--action):\n")
	for _, name := range values {
		if n := len(regexp.MustCompile(`(?m)^  `+name+` +\S+ `).FindAllString(lists, -1)); n < 1 {
			t.Errorf("%s is listed %d times:\n%s", name, n, lists)
		}
	}
	for _, p := range lab.Profiles {
		if !strings.Contains(lists, p.Doc) {
			t.Errorf("profile %s is not explained", p.Name)
		}
	}
}

// TestUnknownWords have the hint of the one that was meant.
func TestUnknownWords(t *testing.T) {
	for args, want := range map[string]string{
		"verfy":                                "unknown command \"verfy\"\nhint: did you mean verify? (lameduck --help lists the commands)",
		"help reprot":                          "unknown command \"reprot\"\nhint: did you mean report? (lameduck --help lists the commands)",
		"help verify it":                       "unknown command \"it\"\nhint: lameduck verify --help shows how it is used",
		"completion bahs":                      "unknown command \"bahs\"\nhint: did you mean bash? (lameduck completion --help lists the commands)",
		"verify --rouns 3 -- x":                "unknown flag: --rouns\nhint: did you mean --rounds? (lameduck verify --help lists the flags)",
		"verify --rouns=3 -- x":                "unknown flag: --rouns\nhint: did you mean --rounds? (lameduck verify --help lists the flags)",
		"verify -rate 3 -- x":                  "unknown shorthand flag: 'r' in -rate\nhint: did you mean --rate? (lameduck verify --help lists the flags)",
		"verify --quite -- x":                  "unknown flag: --quite\nhint: lameduck verify --help lists the flags",
		"verify --action rolout -- x":          "unknown action \"rolout\"\nhint: did you mean rollout? (in the lab use one of rollout, ",
		"verify --action drain-node -- x":      "there is no action \"drain-node\" in the lab\nhint: in the lab use one of rollout, ",
		"verify deploy/x --action drain":       "unknown action \"drain\"\nhint: on a cluster use one of rollout, ",
		"verify deploy/x --action drainnode":   "unknown action \"drainnode\"\nhint: did you mean drain-node? (on a cluster use one of ",
		"verify --traffic new,keep-alive -- x": "unknown traffic pattern \"keep-alive\"\nhint: did you mean keepalive? (use \"all\", or ",
		"verify --propagation larg -- x":       "propagation \"larg\": neither a profile nor a duration\nhint: did you mean large? (use idle, ",
	} {
		expectUsage(t, args, want)
	}
}

// expectUsage runs a command line that is wrong: one line, a hint, exit code 2.
func expectUsage(t *testing.T, args, want string) {
	t.Helper()
	code, out, errs := lameduck(strings.Fields(args)...)
	if code != console.ExitUsage || out != "" || !strings.HasPrefix(errs, "lameduck: "+want) || strings.Count(errs, "\n") != 2 {
		t.Errorf("lameduck %s: exit code %d, %s%s\nwant %s", args, code, out, errs, want)
	}
}
