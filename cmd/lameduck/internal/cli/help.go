package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

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
