package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

// downPatience is how long the end of a cluster may take. It takes seconds.
const downPatience = time.Minute

func newUp(t terminal, name *string) *cobra.Command {
	var o netnskube.Options
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Boot a cluster, and return when its nodes are ready",
		Example: `  netnskube up
  netnskube up --nodes 2 --proxy-mode iptables
  netnskube up --name other`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			began := time.Now()
			c, err := boot(cmd.Context(), t, *name, o)
			if err != nil {
				return err
			}
			if err := c.Detach(); err != nil {
				return err
			}
			fmt.Fprintf(t.out, "%s is up: %s\n%s", c.Name(), describe(c, time.Since(began)), usage(c))
			return nil
		},
	}
	bootFlags(cmd, &o)
	return cmd
}

// bootFlags are the flags of up and run.
func bootFlags(cmd *cobra.Command, o *netnskube.Options) {
	cmd.Flags().IntVar(&o.Nodes, "nodes", 1, "how many nodes, 1 or 2")
	cmd.Flags().StringVar((*string)(&o.ProxyMode), "proxy-mode", string(netnskube.NFTables), "kube-proxy's: nftables or iptables")
}

func boot(ctx context.Context, t terminal, name string, o netnskube.Options) (*netnskube.Cluster, error) {
	o.Name, o.Progress = name, progress(t.err)
	return netnskube.Up(ctx, o)
}

// progress writes lines with the seconds since now before them.
func progress(w io.Writer) func(string) {
	began := time.Now()
	return func(line string) { fmt.Fprintf(w, "[%6.2fs] %s\n", time.Since(began).Seconds(), line) }
}

func describe(c *netnskube.Cluster, took time.Duration) string {
	nodes := "1 node"
	if n := len(c.Nodes()); n > 1 {
		nodes = fmt.Sprintf("%d nodes", n)
	}
	return fmt.Sprintf("Kubernetes %s, %s, kube-proxy in %s mode, %.1f s", c.Version(), nodes, c.ProxyMode(), took.Seconds())
}

func usage(c *netnskube.Cluster) string {
	flag := ""
	if c.Name() != netnskube.DefaultName {
		flag = " --name " + c.Name()
	}
	return fmt.Sprintf(`
  netnskube%[1]s kubectl get pods -A
  netnskube%[1]s exec -- bash       a shell that reaches nodes, pods and services
  netnskube%[1]s load FILE.tar      images for its pods
  netnskube%[1]s down
`, flag)
}
