package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
)

func newVersion(s console.Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  lameduck version", Args: console.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(s.Out, "lameduck %s %s %s/%s\n", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
