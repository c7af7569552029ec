package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
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
	cmd.SetUsageTemplate(strings.Replace(cmd.UsageTemplate(), flags, strings.TrimRight(text.String(), "\n"), 1))
}

// newHelp is --help for users who try the help command. Cobra's own accepts any
// argument and succeeds.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show how a command is used, with examples", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return console.Usage(hint.New(fmt.Errorf("no help on %q", args), "lameduck --help lists the commands"))
			}
			return cmd.Help()
		},
	}
}
