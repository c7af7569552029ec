package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/cluster"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/trial"
)

// onCluster runs the trial on a cluster.
func (v *verify) onCluster(ctx context.Context, s console.Streams, cmd *cobra.Command, name string) error {
	klog.SetLogger(logr.Discard()) // client-go would log connections that we close ourselves
	setting, load, err := v.cluster(ctx, cmd, name)
	if err != nil {
		return err
	}
	line := console.NewProgress(s.Err)
	setting.Log = line
	if v.dryRun {
		if err := console.Written(cluster.Plan(s.Out, setting, load)); err != nil {
			return err
		}
		return cluster.Preflight(ctx, setting)
	}
	if err := cluster.Announce(line, setting, load); err != nil {
		return err
	}
	return v.try(ctx, s, line, clusterTrial(setting, load))
}

// cluster checks everything that was typed, and then looks the workload up.
func (v *verify) cluster(ctx context.Context, cmd *cobra.Command, name string) (cluster.Config, traffic.Spec, error) {
	setting := cluster.Config{
		Node: v.node, WatchFor: v.watchFor, Rounds: v.rounds, Replicas: v.replicas, Workers: v.workers, Image: v.image, ReadyTimeout: v.readyTimeout, ActionTimeout: v.actionTimeout,
	}
	load, err := v.load()
	if err = cmp.Or(err, cluster.CheckRef(name), v.checkCluster(cmd)); err != nil {
		return setting, load, console.Usage(err)
	}
	load.PodHeader = v.podHeader
	if setting.Action, err = parseAction(v.action, "on a cluster", cluster.Actions); err != nil {
		return setting, load, console.Usage(err)
	}
	if err = v.checkValues(cmd); err != nil {
		return setting, load, console.Usage(err)
	}
	if err = v.toURL(cmd, &setting, &load); err != nil {
		return setting, load, console.Usage(err)
	}
	if setting.Access, err = cluster.Connect(v.kubeconfig, v.context, v.namespace); err != nil {
		if v.kubeconfig != "" || v.context != "" {
			err = console.Usage(err) // nothing was sent yet
		}
		return setting, load, err
	}
	setting.Target, err = cluster.Find(ctx, setting.Access.Client, cluster.Query{
		Namespace: setting.Access.Namespace, Ref: name, Service: v.service, Port: v.port,
	})
	if err != nil {
		return setting, load, err
	}
	return setting, load, console.Usage(setting.Check())
}

// toURL sends the load to --url, if it is given: its path and its scheme count where no
// other flag sets them.
func (v *verify) toURL(cmd *cobra.Command, setting *cluster.Config, load *traffic.Spec) (err error) {
	if v.url == "" {
		return nil
	}
	if setting.URL, err = cluster.ParseURL(v.url); err != nil {
		return err
	}
	if p := setting.URL.RequestURI(); p != "/" && !cmd.Flags().Changed("path") {
		load.Path = p
	}
	if !cmd.Flags().Changed("tls") {
		load.TLS = map[string]timeline.TLS{"http": timeline.TLSOff, "https": timeline.TLSOn}[setting.URL.Scheme]
	}
	return nil
}

// checkCluster returns why a flag would have no effect without, or beside,
// another.
func (v *verify) checkCluster(cmd *cobra.Command) error {
	for _, flag := range []struct {
		name, needs string
		has         bool
	}{
		{"node", "--action drain-node", v.action == string(timeline.DrainNode)},
		{"for", "--action watch", v.action == string(timeline.Watch)},
	} {
		if cmd.Flags().Changed(flag.name) && !flag.has {
			return hint.New(fmt.Errorf("--%s has no effect without %s", flag.name, flag.needs), "add "+flag.needs+", or leave --"+flag.name+" out")
		}
	}
	for _, name := range []string{"workers", "image"} {
		if v.url != "" && cmd.Flags().Changed(name) {
			return hint.New(fmt.Errorf("--%s has no effect with --url: the load comes from this machine", name), "leave one of the two out")
		}
	}
	if v.action == string(timeline.Watch) && cmd.Flags().Changed("action-timeout") {
		return hint.New(errors.New("--action-timeout has no effect with --action watch"), "use --for, the time to observe")
	}
	return nil
}

// knownReady is how long the warm-up waits for a first connection: the pods
// were ready before.
const knownReady = 10 * time.Second

// clusterTrial is a trial on a cluster.
func clusterTrial(setting cluster.Config, load traffic.Spec) trial.Config {
	load.Host = cmp.Or(load.Host, setting.Host())
	spec := trial.Spec(&setting.Target.Manifest.Pod)
	spec.ReadyListens = setting.Target.ReadyListens()
	takes := time.Duration(0)
	if setting.Action == timeline.Watch {
		takes = setting.WatchFor
	}
	return trial.Config{
		Name: "cluster", Action: setting.Action, Replicas: setting.ReplicaCount(), Spec: spec, Traffic: load, Accuracy: cluster.Accuracy, ReadyTimeout: knownReady, ActTakes: takes,
		Open: func(ctx context.Context, clock timeline.Clock, emit func(timeline.Event)) (trial.Stage, error) {
			setting.Clock, setting.Emit = clock, emit
			return cluster.Open(ctx, setting)
		},
	}
}
