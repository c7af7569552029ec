package console

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// kinds are the values that a flag takes, by their type.
var kinds = map[string]string{
	"int": "a whole number", "uint64": "a whole number, 0 or more", "duration": "a duration such as 30s or 2m", "bool": "true or false",
}

// flagError explains a mistake in the flags. The error of a value is that of a
// function that reads it, which users do not know.
func flagError(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if errors.Is(err, strconv.ErrRange) {
			return hint.New(fmt.Errorf("--%s %s is out of range", wrong.GetFlag().Name, wrong.GetValue()), cmd.CommandPath()+" --help lists the flags")
		}
		if kind, known := kinds[wrong.GetFlag().Value.Type()]; known {
			_, usage := pflag.UnquoteUsage(wrong.GetFlag())
			return hint.New(fmt.Errorf("--%s %s is not %s", wrong.GetFlag().Name, wrong.GetValue(), kind), fmt.Sprintf("--%s: %s", wrong.GetFlag().Name, usage))
		}
	}
	advice := cmd.CommandPath() + " --help lists the flags"
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		typed := strings.TrimLeft(cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName()), "-")
		typed, _, _ = strings.Cut(typed, "=")
		advice = hint.DidYouMean("--"+typed, flagNames(cmd), advice)
	}
	return hint.New(err, advice)
}

// flagNames are the flags of a command, as they are typed.
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}
