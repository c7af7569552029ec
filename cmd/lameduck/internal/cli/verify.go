package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

func newVerify(s console.Streams) *cobra.Command {
	var v verify
	cmd := &cobra.Command{
		Use:   "verify ([-f FILE] -- COMMAND [ARG...] | KIND/NAME [-n NAMESPACE]) [flags]",
		Short: "Replace the pods of a server under load, and find every dropped connection",
		Long: `verify sends traffic to a server, replaces its pods, and reports every connection
that was dropped, why, and what to change.

With a command after two dashes it runs the server as the pods of a workload on
this machine, without a cluster: real processes, real sockets, real signals.
With -f it takes replicas, strategy, probes, preStop hook, grace period,
environment and ports from the Deployment, StatefulSet or DaemonSet in the file
and its Service, ConfigMaps and Secrets. Without -f it runs one replica with a
grace period of 30 s; the replica is ready when it accepts a connection on the
port that the process listens on.

With KIND/NAME (a Deployment, StatefulSet, DaemonSet or Service) it does the
same on the cluster of your kubeconfig: it finds the Service and the pods, sends
the load from a Job inside the cluster (--workers) or from here (--url), runs
the action, and restores the cluster afterwards. deploy/rbac.yaml has the
permissions it needs; --dry-run shows what it would do.

Results are on stdout, messages and progress on stderr.

Exit codes: 0 nothing dropped, 1 drops or findings, 2 usage, 3 could not run or
inconclusive (the reason and a hint are on stderr).`,
		Example: `  lameduck verify -- ./server --port 8080
  lameduck verify -f deploy/kubernetes.yaml --rounds 10 -- ./app
  lameduck verify --propagation large --action delete --replicas 3 -- ./server
  lameduck verify -o json -- python3 -m http.server 8080
  lameduck verify deploy/shop -n prod --dry-run
  lameduck verify deploy/shop -n prod --workers 4 --rounds 5
  lameduck verify svc/shop --url http://192.0.2.1:30080 --action drain-node`,
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), s, cmd, args) },
	}
	shared, onLab, onCluster := new(pflag.FlagSet), new(pflag.FlagSet), new(pflag.FlagSet)
	v.shared(shared)
	v.onlyLab = v.labFlags.add(onLab)
	v.onlyCluster = v.clusterFlags.add(onCluster)
	groupFlags(cmd, flagGroup{"Flags", shared}, flagGroup{"Flags with -- COMMAND, on this machine", onLab}, flagGroup{"Flags with KIND/NAME, on a cluster", onCluster})
	cmd.SetUsageTemplate(cmd.UsageTemplate() + "\n" + strings.Join(valuesOfFlags(), "\n"))
	v.complete(cmd)
	return cmd
}

// run decides by the arguments whether the trial runs in the lab or on a
// cluster.
func (v *verify) run(ctx context.Context, s console.Streams, cmd *cobra.Command, args []string) error {
	if cmd.ArgsLenAtDash() < 0 && len(args) > 0 && namesWorkload(args[0]) {
		if len(args) > 1 {
			return console.Usage(hint.New(fmt.Errorf("unexpected argument %q", args[1]), "name one workload, and replace its pods alone"))
		}
		if err := v.misplaced(cmd, v.onlyLab, "this machine, with a command after two dashes"); err != nil {
			return console.Usage(err)
		}
		return v.onCluster(ctx, s, cmd, args[0])
	}
	if cmd.ArgsLenAtDash() > 0 && namesWorkload(args[0]) {
		return console.Usage(hint.New(fmt.Errorf("both a workload of a cluster, %s, and a command", args[0]), "leave one out: lameduck verify deploy/shop, or lameduck verify -- ./server"))
	}
	if err := v.misplaced(cmd, v.onlyCluster, "a cluster, with KIND/NAME"); err != nil {
		return console.Usage(err)
	}
	return v.onLab(ctx, s, cmd, args)
}

// namesWorkload reports whether an argument is meant as KIND/NAME, and not as
// the path of a program whose dashes were forgotten.
func namesWorkload(arg string) bool {
	return strings.Contains(arg, "/") && !strings.HasPrefix(arg, ".") && !strings.HasPrefix(arg, "/")
}
