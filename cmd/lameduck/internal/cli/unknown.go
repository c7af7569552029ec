package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// noCommand is the error for a first argument that is no command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd, args[0])
}

// unknownCommand is the error for a word that is no command below cmd.
func unknownCommand(cmd *cobra.Command, word string) error {
	advice := cmd.CommandPath() + " --help shows how it is used"
	if cmd.HasSubCommands() {
		advice = cmd.CommandPath() + " --help lists the commands"
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return console.Usage(hint.New(fmt.Errorf("unknown command %q", word), hint.DidYouMean(word, names, advice)))
}
