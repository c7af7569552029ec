package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

func newRoot(t terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "netnskube",
		Short: "A throw-away Kubernetes cluster on one Linux machine",
		Long: `netnskube boots etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
containerd, kubelet, kube-proxy and CoreDNS, the real ones, in namespaces of one
Linux machine: without Docker, without a registry, in seconds. It needs root and
Go; the components are built from Go modules, once, and kept in the user's cache
folder. Nothing in the host's network namespace is touched, and after down nothing
is left but that cache.

Exit codes: 0 done, 1 failed, 2 usage, 3 cannot run here or interrupted; of exec,
kubectl and run those of their command.`,
		Example: `  netnskube up --nodes 2
  netnskube load dist/app.tar
  netnskube kubectl create deployment web --image=docker.io/library/graceful-shutdown-app:1.0.0
  netnskube exec -- curl http://10.200.0.11:30080/
  netnskube down

  netnskube run --nodes 2 -- go test ./...     up, the command, down`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		TraverseChildren: true, // kubectl parses no flags, so ours come before it
		Args:             cobra.NoArgs,
		RunE:             func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	name := root.PersistentFlags().String("name", cmp.Or(os.Getenv(netnskube.NameVariable), netnskube.DefaultName),
		"the cluster, of several side by side; "+netnskube.NameVariable+" sets the default")
	root.AddCommand(newUp(t, name), newRun(t, name), newKubectl(name), newExec(name), newLoad(t, name),
		newRestart(t, name), newLogs(t, name), newDown(t, name), newBuild(t), newCheck())
	for _, c := range append(root.Commands(), root) {
		c.Args = markUsage(c.Args)
	}
	return root
}

// markUsage makes a usage error of a check's error.
func markUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%s: %w", cmd.Name(), err)}
		}
		return nil
	}
}
