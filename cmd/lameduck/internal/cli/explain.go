package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/diagnose"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
)

func newExplain(s console.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE",
		Short: "Explain a rule of lint or a finding of verify: why it drops connections, and the cure",
		Long: `explain prints why a mistake drops connections, where that is specified, and an
example with the mistake and one without it.

RULE is an ID that lint or verify has printed. Without one explain lists all.`,
		Example: `  lameduck explain prestop-uses-the-grace-period
  lameduck explain`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return console.Usage(hint.New(fmt.Errorf("explain takes one rule, and got %d", len(args)), "name one: lameduck explain "+args[0]))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return console.Written(listRules(s.Out))
			}
			return explain(s.Out, args[0])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// explain prints the rule of lint with that ID, the finding of verify, or both.
func explain(w io.Writer, id string) error {
	var text string
	for _, r := range lint.Rules() {
		if r.ID == id {
			text = ruleText(r)
		}
	}
	if section := diagnose.Section(id); section != "" {
		text += strings.Repeat("\n", min(len(text), 1)) + folded(section)
	}
	if text == "" {
		return console.Usage(hint.New(fmt.Errorf("unknown rule or finding %q", id), hint.DidYouMean(id, ruleIDs(), "lameduck explain lists the rules and the findings")))
	}
	_, err := io.WriteString(w, text)
	return console.Written(err)
}

func ruleText(r lint.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n\n%s.\n\n%s\n", r.ID, r.Severity, r.Title, wrap(r.Why, 80))
	fmt.Fprintf(&b, "\nWrong:\n\n%s\nRight:\n\n%s\nSources:\n\n", indent(r.Wrong), indent(r.Right))
	for _, source := range r.Sources {
		fmt.Fprintf(&b, "  %s\n", source)
	}
	return b.String()
}

// listRules prints a line for each.
func listRules(w io.Writer) error {
	var ofLint []entry
	for _, r := range lint.Rules() {
		ofLint = append(ofLint, entry{r.ID, r.Title})
	}
	var ofVerify []entry
	for _, t := range diagnose.Titles() {
		ofVerify = append(ofVerify, entry{t.ID, t.Title})
	}
	_, err := fmt.Fprintf(w, "%s\n%s", listing("Rules of lint", ofLint), listing("Findings of verify", ofVerify))
	return err
}

func ruleIDs() []string {
	ids := lintIDs()
	for _, t := range diagnose.Titles() {
		ids = append(ids, t.ID)
	}
	return ids
}

// indent puts two spaces before each line.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("  "+line, " \n") + "\n")
	}
	return b.String()
}

// wrap breaks a paragraph into lines of so many characters.
// folded wraps each line of a text; the rest of a list's item is indented.
func folded(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if item, is := strings.CutPrefix(line, "- "); is {
			line = "- " + strings.ReplaceAll(wrap(item, 78), "\n", "\n  ")
		} else {
			line = wrap(line, 80)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func wrap(text string, width int) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n")
}
