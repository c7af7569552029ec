package main

import (
	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newRestart(t terminal, name *string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restart NODE COMPONENT [-- EXTRA FLAGS...]",
		Short: "Restart a component of a node, with extra flags for it",
		Long: `Stops a component of a node and starts it again, with the flags it has at every
boot and the extra ones after them. The extra ones of an earlier restart are gone.`,
		Example: `  netnskube restart n1 kubelet
  netnskube restart n1 kubelet -- '--eviction-hard=memory.available<99%'`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := netnskube.Open(*name)
			if err != nil {
				return err
			}
			return c.Restart(cmd.Context(), args[0], args[1], args[2:]...)
		},
	}
	return cmd
}
