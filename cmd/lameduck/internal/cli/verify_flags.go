package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// verify is the flags of the command, as they were typed.
type verify struct {
	action, traffic, path, method string
	host, tls                     string
	headers                       []string
	body                          int
	output, report, save          string
	rounds, replicas, rate        int
	service, port                 string
	readyTimeout                  time.Duration
	labFlags                      // of a trial on this machine
	clusterFlags                  // of one on a cluster
	onlyLab, onlyCluster          []string
}

type labFlags struct {
	file, propagation     string
	container, stopSignal string
	nodes                 int
	seed                  uint64
	verbose               bool
}

type clusterFlags struct {
	kubeconfig, context, namespace string
	url, image                     string
	node, podHeader                string
	workers                        int
	watchFor, actionTimeout        time.Duration
	dryRun                         bool
}

// defaultImage is what `make image` calls the tool's image.
const defaultImage = "lameduck:1.0.0"

func (v *verify) shared(f *pflag.FlagSet) {
	f.StringVar(&v.action, "action", string(timeline.Rollout), "`NAME` of the action that replaces the pods, listed below")
	f.IntVar(&v.rounds, "rounds", 1, "number of times to run the action")
	f.IntVar(&v.replicas, "replicas", 0, "number of replicas, in place of the manifest's or the workload's (default 1 without a manifest)")
	f.StringVar(&v.traffic, "traffic", strings.Join(traffic.Default(), ","), "`NAMES` of traffic patterns, with commas between them, or all; listed below")
	f.IntVar(&v.rate, "rate", traffic.DefaultRate, "attempts per second of each pattern; slow, upload and download make a tenth. Without the flag the lab lowers it where this machine or the server does not keep up")
	f.StringVar(&v.path, "path", "/", "request path")
	f.StringVar(&v.host, "host", "", "Host header of the requests (default: in the lab the name of the workload, on a cluster the Service or the host of --url)")
	f.StringVar(&v.method, "method", "GET", "HTTP method")
	f.StringArrayVar(&v.headers, "header", nil, "`NAME:VALUE` of a header of each request; may be repeated. Reports and saved runs have the name only, because a value may be a secret")
	f.IntVar(&v.body, "body", 0, "size of the content of each request, in bytes (default 0; upload 16384)")
	f.StringVar(&v.tls, "tls", "auto", "use of TLS: on, off, or auto, if the server answers a ClientHello. No certificate is verified")
	f.StringVar(&v.service, "service", "", "`NAME` of the Service to send to, if several select the pods (default: in the lab the one of the probed port)")
	f.StringVar(&v.port, "port", "", "`PORT` of the Service, by name or number; of the process, where there is no Service (default the probed one, or the first)")
	f.DurationVar(&v.readyTimeout, "ready-timeout", time.Minute, "longest time for a pod to become ready")
	f.StringVarP(&v.output, "output", "o", "text", "format of the report on stdout: text or json")
	f.StringVar(&v.report, "report", "", "`FILE` for another copy of the report; its ending chooses the format: .json")
	f.StringVar(&v.save, "save", "", "`FILE` for the run, with every attempt and event, which lameduck report reads; it has the command with its arguments")
}

// add returns the names of what it added.
func (l *labFlags) add(f *pflag.FlagSet) []string {
	f.StringVarP(&l.file, "filename", "f", "", "`FILE` with a Deployment, StatefulSet or DaemonSet, and its Service; - is stdin")
	f.StringVar(&l.container, "container", "", "`NAME` of the container of the manifest that the command is run as (default the one that the Service sends to)")
	f.StringVar(&l.stopSignal, "stop-signal", "", "`SIGNAL` that ends a pod, as STOPSIGNAL of its image (default the manifest's, or SIGTERM)")
	f.StringVar(&l.propagation, "propagation", "rollout", "`DELAY` until nodes apply endpoint changes: a profile, listed below, a duration, or a range such as 1s-3s")
	f.IntVar(&l.nodes, "nodes", 3, "number of nodes, each with its own view of the endpoints")
	f.Uint64Var(&l.seed, "seed", 0, "seed of all delays and choices, to repeat those of an earlier run (default random)")
	f.BoolVarP(&l.verbose, "verbose", "v", false, "output of the pods, on stderr")
	return []string{"filename", "container", "stop-signal", "propagation", "nodes", "seed", "verbose"}
}

func (c *clusterFlags) add(f *pflag.FlagSet) []string {
	f.StringVarP(&c.namespace, "namespace", "n", "", "`NAME` of the namespace (default that of the context)")
	f.StringVar(&c.context, "context", "", "`NAME` of the context of the kubeconfig (default its current context)")
	f.StringVar(&c.kubeconfig, "kubeconfig", "", "`FILE` in place of KUBECONFIG and ~/.kube/config")
	f.StringVar(&c.url, "url", "", "`URL` of a NodePort, a load balancer or an ingress, to send the load from here (default: from workers in the cluster)")
	f.IntVar(&c.workers, "workers", 2, "number of pods, of a Job inside the cluster, that send the load")
	f.StringVar(&c.image, "image", defaultImage, "`IMAGE` of the workers, which is this tool's own")
	f.StringVar(&c.node, "node", "", "`NAME` of the node for --action drain-node (default that of the first pod)")
	f.DurationVar(&c.watchFor, "for", time.Minute, "time for --action watch to observe while you replace the pods")
	f.DurationVar(&c.actionTimeout, "action-timeout", 0, "longest time for one action (default: until no pod has become ready or ended for the progressDeadlineSeconds of the workload)")
	f.StringVar(&c.podHeader, "pod-header", "X-Pod-Name", "`NAME` of the response header with the name of the pod, if the server sends one")
	f.BoolVar(&c.dryRun, "dry-run", false, "plan of the trial on stdout, instead of the trial")
	return []string{"namespace", "context", "kubeconfig", "url", "workers", "image", "node", "for", "action-timeout", "pod-header", "dry-run"}
}

// misplaced is the error for a flag that belongs to the other kind of trial.
func (v *verify) misplaced(cmd *cobra.Command, flags []string, where string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return hint.New(fmt.Errorf("--%s is for a trial on %s", name, where), "lameduck verify --help lists the flags of both kinds of trial")
		}
	}
	return nil
}

// load is the traffic that was asked for.
func (v *verify) load() (traffic.Spec, error) {
	load := traffic.Spec{Load: timeline.Load{
		Rate:    v.rate,
		Request: timeline.Request{Method: v.method, Path: v.path, Host: v.host, Body: v.body},
	}}
	if v.tls != "auto" {
		load.TLS = timeline.TLS(v.tls)
	}
	var err error
	if load.Headers, err = traffic.ParseHeaders(v.headers); err != nil {
		return load, err
	}
	if load.Patterns, err = traffic.ParsePatterns(v.traffic); err != nil {
		return load, err
	}
	return load, load.Check()
}

// mostReplicas is how many pods one machine can run at the same time beside other programs;
// twice as many run during a rollout.
const mostReplicas = 100

// mostWorkers is the most pods that a trial asks of a namespace.
const mostWorkers = 100

func (v *verify) checkValues(cmd *cobra.Command) error {
	for _, flag := range []struct {
		name        string
		value, most int
	}{{"rounds", v.rounds, 100_000}, {"nodes", v.nodes, 1000}, {"replicas", v.replicas, mostReplicas}, {"workers", v.workers, mostWorkers}} {
		if (flag.value < 1 || flag.value > flag.most) && cmd.Flags().Changed(flag.name) {
			return hint.New(fmt.Errorf("--%s %d is out of range", flag.name, flag.value), fmt.Sprintf("use 1 to %d", flag.most))
		}
	}
	if v.rate < 1 {
		return hint.New(fmt.Errorf("--rate %d is out of range", v.rate), "use 1 or more attempts per second")
	}
	for name, d := range map[string]time.Duration{"ready-timeout": v.readyTimeout, "for": v.watchFor, "action-timeout": v.actionTimeout} {
		if d <= 0 && (name != "action-timeout" || cmd.Flags().Changed(name)) {
			return hint.New(fmt.Errorf("--%s %v is not longer than 0", name, d), "use a duration such as 1m")
		}
	}
	if err := checkOutput(v.output); err != nil {
		return err
	}
	if err := checkRunFile(v.save, v.report); err != nil || v.report == "" {
		return err
	}
	return checkReportFile(v.report)
}
