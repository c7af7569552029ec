package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newLogs(t terminal, name *string) *cobra.Command {
	return &cobra.Command{
		Use:     "logs NODE COMPONENT",
		Short:   "Print the log of a component of a node",
		Example: "  netnskube logs n1 kubelet",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := netnskube.Open(*name)
			if err != nil {
				return err
			}
			path, err := c.LogFile(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(t.out, f)
			return err
		},
	}
}
