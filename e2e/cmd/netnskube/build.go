package main

import (
	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newBuild(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Only build what a cluster runs, and install what it needs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return netnskube.Build(cmd.Context(), progress(t.err))
		},
	}
}

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Report whether clusters can run on this machine",
		Long:  "Exits with 0 if clusters can run on this machine, else prints why not and exits with 3.",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return netnskube.Check() },
	}
}
