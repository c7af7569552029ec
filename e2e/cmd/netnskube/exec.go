package main

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newExec(name *string) *cobra.Command {
	var node string
	cmd := &cobra.Command{
		Use:   "exec [--node NAME] -- COMMAND ARGS...",
		Short: "Run a command in the client's network namespace, or in a node",
		Long: `Runs a command that reaches the cluster's nodes, pods and services, with KUBECONFIG
set and the cluster's kubectl on the PATH. Its files are the host's. With --node it
is in the namespaces of that node instead, where the node's files, processes and
network are.`,
		Example: `  netnskube exec -- curl http://10.200.0.11:30080/
  netnskube exec -- bash
  netnskube exec --node n1 -- nft list ruleset
  netnskube exec --node n1 -- ctr containers list`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := netnskube.Open(*name)
			if err != nil {
				return err
			}
			var command *exec.Cmd
			if node == "" {
				command, err = c.Command(cmd.Context(), args...)
			} else {
				command, err = c.NodeCommand(cmd.Context(), node, args...)
			}
			return become(command, err)
		},
	}
	cmd.Flags().StringVar(&node, "node", "", "the node to run in, as in n1")
	cmd.Flags().SetInterspersed(false)
	return cmd
}

func newKubectl(name *string) *cobra.Command {
	return &cobra.Command{
		Use:                "kubectl ARGS...",
		Short:              "Run the cluster's own version of kubectl",
		Example:            "  netnskube kubectl get pods --all-namespaces",
		DisableFlagParsing: true, // they are kubectl's
		Args:               cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := netnskube.Open(*name)
			if err != nil {
				return err
			}
			return become(c.Kubectl(cmd.Context(), args...))
		},
	}
}

// become replaces this process by a command: signals, terminal and exit code
// are the command's own then.
func become(cmd *exec.Cmd, err error) error {
	if err != nil {
		return err
	}
	if cmd.Err != nil {
		return cmd.Err
	}
	return &os.PathError{Op: "exec", Path: cmd.Path, Err: syscall.Exec(cmd.Path, cmd.Args, cmd.Env)}
}
