package workers

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// lateStatus is how long the kubelet may take to report that a container ended.
const lateStatus = 5 * time.Second

// explain is why a worker was lost: the error of the stream, the state of its
// container, and its last line.
func (c *Pool) explain(l *workerConn) error {
	_, err := l.cause()
	ctx, cancel := context.WithTimeout(context.Background(), lateStatus)
	defer cancel()
	what := fmt.Errorf("lost worker %s: %w", l.pod, err)
	if podOutcome := c.podOutcome(ctx, l.pod); podOutcome != "" {
		what = fmt.Errorf("%w; %s", what, podOutcome)
	}
	if line := cmp.Or(l.stderr.String(), c.lastLine(l.pod)); line != "" && !strings.Contains(line, err.Error()) {
		what = fmt.Errorf("%w; its last line: %s", what, line)
	}
	if apierrors.IsForbidden(err) {
		return hint.New(what, "workers need, in namespace "+c.cfg.Namespace+": "+neededPermissions())
	}
	return what
}

// podOutcome is the state of a pod in the cluster: "" if it runs.
func (c *Pool) podOutcome(ctx context.Context, pod string) string {
	for {
		p, err := kube.Pods.Get(ctx, c.cfg.Client, c.cfg.Namespace, pod)
		switch {
		case apierrors.IsNotFound(err):
			return "the pod was deleted"
		case err == nil:
			if podOutcome := podState(p); podOutcome != "" {
				return podOutcome
			}
		}
		if !sleep(ctx, poll) {
			return ""
		}
	}
}

func podState(p *corev1.Pod) string {
	if p.Status.Reason != "" {
		return strings.TrimSuffix("the pod failed: "+p.Status.Reason+": "+oneLine(p.Status.Message), ": ")
	}
	for _, s := range p.Status.ContainerStatuses {
		if t := s.State.Terminated; t != nil {
			return fmt.Sprintf("its container exited with code %d (%s)", t.ExitCode, cmp.Or(t.Reason, "no reason given"))
		}
	}
	if p.DeletionTimestamp != nil {
		return "the pod is being deleted"
	}
	return ""
}

// ended is the error of a pod that ended before all workers ran.
func (c *Pool) ended(ctx context.Context, p *corev1.Pod) error {
	err := fmt.Errorf("worker pod %s exited during start-up: %s", p.Name, cmp.Or(podState(p), strings.ToLower(string(p.Status.Phase))))
	line := c.lastLineOf(ctx, p.Name)
	if line == "" {
		return err
	}
	return hint.New(fmt.Errorf("%w; its last line: %s", err, line), "is the image this tool's own, of this version? --image names it")
}

func (c *Pool) lastLine(pod string) string {
	ctx, cancel := context.WithTimeout(context.Background(), lateStatus)
	defer cancel()
	return c.lastLineOf(ctx, pod)
}

// lastLineOf is the last line in the log of a container; "" if it cannot be
// read.
func (c *Pool) lastLineOf(ctx context.Context, pod string) string {
	raw, err := c.cfg.Core.Get().
		Namespace(c.cfg.Namespace).Resource("pods").Name(pod).SubResource("log").
		Param("container", container).Param("tailLines", "50").Param("limitBytes", strconv.Itoa(1<<20)).
		DoRaw(ctx)
	if err != nil {
		return ""
	}
	var messages lastLine
	_, _ = messages.Write(raw)
	return messages.String()
}
