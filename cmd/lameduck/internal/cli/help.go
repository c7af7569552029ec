package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroup is flags that the help shows together, in the order in which they
// were added.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// groupFlags adds the flags to a command, and shows each group by itself.
func groupFlags(cmd *cobra.Command, groups ...flagGroup) {
	var text strings.Builder
	for i, g := range groups {
		g.flags.SortFlags = false
		cmd.Flags().AddFlagSet(g.flags)
		fmt.Fprintf(&text, "%s:\n%s", g.title, g.flags.FlagUsages())
		if i < len(groups)-1 {
			text.WriteByte('\n')
		}
	}
	const flags = "Flags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}"
	cmd.SetUsageTemplate(strings.Replace(withoutExamples(cmd.UsageTemplate()), flags, strings.TrimRight(text.String(), "\n"), 1))
}

// showHelp begins with what the command is for and with examples, as kubectl
// does; all the rest follows.
func showHelp(cmd *cobra.Command, _ []string) {
	purpose, rest, _ := strings.Cut(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), "\n\n")
	parts := []string{purpose}
	if cmd.Example != "" {
		parts = append(parts, "Examples:\n"+cmd.Example)
	}
	if rest != "" {
		parts = append(parts, rest)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", strings.Join(parts, "\n\n"), cmd.UsageString())
}

// withoutExamples is a template of cobra's without the examples, which showHelp
// has shown.
func withoutExamples(template string) string {
	return strings.Replace(template, "{{if .HasExample}}\n\nExamples:\n{{.Example}}{{end}}", "", 1)
}

// entry is one line of a list in a help text.
type entry struct{ name, text string }

// listing is a list with a title, its names in one column.
func listing(title string, entries []entry) string {
	width := 0
	for _, e := range entries {
		width = max(width, len(e.name))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s:\n", title)
	for _, e := range entries {
		fmt.Fprintf(&text, "  %-*s  %s\n", width, e.name, e.text)
	}
	return text.String()
}

// addCompletion adds cobra's command of this name, which would accept any
// argument and succeed.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Short = "Print the script that completes commands and flags in a shell"
			cmd.Long = cmd.Short + ".\n\nThe help of each shell shows how the script is loaded, for example\nlameduck completion bash --help."
			cmd.Example = "  lameduck completion bash >/etc/bash_completion.d/lameduck"
			cmd.Args = noCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// newHelp is --help for users who try the help command. Cobra's own accepts any
// argument and succeeds.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show how a command is used, with examples", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				rest = args
			}
			if len(rest) > 0 {
				return unknownCommand(cmd, rest[0])
			}
			return cmd.Help()
		},
	}
}
