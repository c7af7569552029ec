package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newDown(t terminal, name *string) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End a cluster, and remove what a crashed one left",
		Long:  "Ends a cluster, and removes what a crashed one left. If there is neither, it does nothing.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return end(func(ctx context.Context) error { return netnskube.Down(ctx, *name) })
		},
	}
}
