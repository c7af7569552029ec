package cluster

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// Check returns what in the configuration does not fit the workload.
func (c *Config) Check() error {
	w := *c.Target.workload
	if c.Replicas != 0 {
		w.replicas = c.Replicas
	}
	if c.Replicas != 0 && c.Replicas != c.Target.replicas && w.kind == "daemonsets" {
		return w.possible(timeline.ScaleDown)
	}
	if c.URL == nil && c.Action == timeline.Watch && c.WatchFor > longest/time.Duration(max(1, c.Rounds)) {
		return hint.New(fmt.Errorf("%d times %v is more than the workers may take, %v", max(1, c.Rounds), c.WatchFor, longest), "choose a shorter --for, or fewer --rounds")
	}
	return w.possible(c.Action)
}

// longest is how long all actions together may take where workers send the
// load.
const longest = 30 * 24 * time.Hour

// workers is the configuration of the workers' Job.
func (c *Config) workers() workers.Config {
	return workers.Config{
		Client: c.Access.Client, Core: c.Access.Core, REST: c.Access.REST, Kubectl: c.Access.kubectl(), Namespace: c.Target.namespace,
		Image: c.Image, Count: c.Workers, StartTimeout: cmp.Or(c.ReadyTimeout, defaultReadyTimeout),
		Deadline: workers.DefaultDeadline + c.acting(), Log: c.Log,
	}
}

// acting is how long all actions together take at most. For an action without a
// time limit of its own that is the limit for each of its pods, and once more.
func (c *Config) acting() time.Duration {
	each := c.ActionTimeout
	switch {
	case c.Action == timeline.Watch:
		each = c.WatchFor
	case each == 0:
		each = c.Target.progress * time.Duration(max(c.Replicas, c.Target.replicas)+1)
	}
	if rounds := time.Duration(max(1, c.Rounds)); each < longest/rounds {
		return each * rounds
	}
	return longest
}

// Announce writes in a few lines what was found, and what the trial is.
func Announce(w io.Writer, cfg Config, load traffic.Spec) error {
	t := cfg.Target
	for _, note := range t.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	_, err := fmt.Fprintf(w, "%s in namespace %s: %s\n%s\nthe load is HTTP/1.1, %s; it comes from %s\n", t, t.namespace, t.route(), t.pods(), cfg.request(load), cfg.from())
	return err
}

// pods describes the pod template in one line.
func (t *Target) pods() string {
	pod := &t.Manifest.Pod
	parts := []string{fmt.Sprintf("%d replicas", t.replicas), fmt.Sprintf("grace period %v", pod.Grace)}
	if t.replicas == 1 {
		parts[0] = "1 replica"
	}
	return strings.Join(append(parts, "preStop "+described(pod.PreStop), "ready by "+readiness(pod.Readiness)), ", ")
}

func readiness(p *manifest.Probe) string {
	if p == nil {
		return "start of the container (no readiness probe)"
	}
	return described(&p.Handler)
}

func described(h *manifest.Handler) string {
	switch {
	case h == nil:
		return "none"
	case h.Sleep != nil:
		return fmt.Sprintf("sleep %v", *h.Sleep)
	case h.HTTP != nil:
		return "httpGet " + h.HTTP.Path
	case h.TCP != nil:
		return "tcpSocket"
	case h.GRPC != nil:
		return "grpc"
	}
	return "exec " + strings.Join(h.Exec, " ")
}

// route is how clients reach the pods.
func (t *Target) route() string {
	if t.headless() {
		return fmt.Sprintf("service/%s is headless, port %d of the pods", t.service.Name, t.targetPort())
	}
	return fmt.Sprintf("service/%s, %s %s, port %d -> %d", t.service.Name, t.service.Spec.Type, t.service.Spec.ClusterIP, t.port.Port, t.targetPort())
}

func (c *Config) from() string {
	switch {
	case c.URL != nil:
		return "here, to " + c.URL.Host
	case c.Workers == 1:
		return "1 pod inside the cluster"
	}
	return fmt.Sprintf("%d pods inside the cluster", c.Workers)
}

// Plan writes what a trial would do.
func Plan(w io.Writer, cfg Config, load traffic.Spec) error {
	var p strings.Builder
	if err := Announce(&p, cfg, load); err != nil {
		return err
	}
	p.WriteString("would:\n")
	for _, step := range cfg.steps() {
		p.WriteString("  " + step + "\n")
	}
	fmt.Fprintf(&p, "  send %s at %d attempts per second and pattern: %s\n", strings.Join(load.Patterns, ", "), load.Rate, cfg.request(load))
	p.WriteString("restore afterwards: " + strings.Join(cfg.restoreSteps(), ", ") + "\n")
	if cfg.Action == timeline.Rollout {
		fmt.Fprintf(&p, "what stays: the annotation, and a revision of %s for each round (revisionHistoryLimit removes the oldest)\n", cfg.Target)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// request is what each attempt asks for. The value of a header may be a secret.
func (c *Config) request(load traffic.Spec) string {
	text := fmt.Sprintf("%s %s, host %s", load.Method, load.Path, cmp.Or(load.Host, c.Host()))
	if names := load.HeaderNames(); names != nil {
		text += ", headers " + strings.Join(names, ", ")
	}
	if load.Body > 0 {
		text += fmt.Sprintf(", %d bytes of content", load.Body)
	}
	return text + ", " + map[timeline.TLS]string{
		timeline.TLSAuto: "with TLS if the server answers a ClientHello", timeline.TLSOn: "with TLS", timeline.TLSOff: "without TLS",
	}[load.TLS]
}

// Preflight returns what prevents a trial: permissions that are missing, or a
// workload that is not as its spec wants it.
func Preflight(ctx context.Context, cfg Config) error {
	if err := missingPermissions(ctx, cfg.Access.Client, cfg.Target.namespace, cfg.permissions()); err != nil {
		return err
	}
	return cfg.Target.Ready()
}

// steps are the changes, in order.
func (c *Config) steps() []string {
	var steps []string
	t := c.Target
	if c.Replicas != 0 && c.Replicas != t.replicas {
		steps = append(steps, fmt.Sprintf("scale %s from %d to %d", t, t.replicas, c.Replicas))
	}
	if c.URL == nil {
		cfg := c.workers()
		cfg.RunID = "RUN"
		job := workers.Manifest(cfg)
		steps = append(steps, fmt.Sprintf("create job/%s: %d pods of image %s", job.Name, c.Workers, c.Image))
	}
	return append(steps, c.actionText()+times(max(1, c.Rounds)))
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

// actionText describes the action.
func (c *Config) actionText() string {
	t := c.Target
	switch c.Action {
	case timeline.Rollout:
		return fmt.Sprintf("set the annotation %s on the pod template of %s", restartedAt, t)
	case timeline.Delete:
		return fmt.Sprintf("delete all pods of %s at once, which no PodDisruptionBudget prevents", t)
	case timeline.Evict:
		return "evict one pod of " + t.String()
	case timeline.DrainNode:
		if c.Node == "" {
			return fmt.Sprintf("cordon the node of the first pod of %s and evict the pods of %s from it", t, t)
		}
		return fmt.Sprintf("cordon node %s and evict the pods of %s from it", c.Node, t)
	case timeline.ScaleDown:
		replicas := t.replicas
		if c.Replicas != 0 {
			replicas = c.Replicas
		}
		return fmt.Sprintf("scale %s from %d to %d", t, replicas, (replicas+1)/2)
	}
	return fmt.Sprintf("observe for %v while you replace the pods", c.WatchFor)
}

// restoreSteps is what is undone at the end.
func (c *Config) restoreSteps() []string {
	var restoreSteps []string
	if c.URL == nil {
		restoreSteps = append(restoreSteps, "delete the job")
	}
	if c.Action == timeline.DrainNode {
		restoreSteps = append(restoreSteps, "uncordon the node")
	}
	if c.Action == timeline.ScaleDown || c.Replicas != 0 && c.Replicas != c.Target.replicas {
		restoreSteps = append(restoreSteps, fmt.Sprintf("scale to %d", c.Target.replicas))
	}
	if len(restoreSteps) == 0 {
		restoreSteps = append(restoreSteps, "nothing")
	}
	return restoreSteps
}
