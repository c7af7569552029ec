package main

import (
	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newLoad(t terminal, name *string) *cobra.Command {
	return &cobra.Command{
		Use:   "load FILE.tar...",
		Short: "Put images on every node, from OCI or docker archives",
		Long: `Puts the images of archives on every node. Pods find them under their full names,
with imagePullPolicy IfNotPresent or Never.`,
		Example: "  make image && netnskube load dist/app.tar",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := netnskube.Open(*name)
			if err != nil {
				return err
			}
			return c.Load(cmd.Context(), args...)
		},
	}
}
