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

// podOutcome is the state of a pod in the cluster: "" if it runs.
func (j job) podOutcome(ctx context.Context, pod string) string {
	for {
		p, err := kube.Pods.Get(ctx, j.cfg.Client, j.cfg.Namespace, pod)
		switch {
		case apierrors.IsNotFound(err):
			return "the pod was deleted"
		case err == nil:
			if podOutcome := podState(p); podOutcome != "" {
				return podOutcome
			}
		}
		if kube.Sleep(ctx, poll) != nil {
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
func (j job) ended(ctx context.Context, p *corev1.Pod) error {
	err := fmt.Errorf("worker pod %s exited during start-up: %s", p.Name, cmp.Or(podState(p), strings.ToLower(string(p.Status.Phase))))
	line := j.lastLineOf(ctx, p.Name)
	if line == "" {
		return err
	}
	return hint.New(fmt.Errorf("%w; its last line: %s", err, line), "is the image this tool's own, of this version? --image names it")
}

func (j job) lastLine(pod string) string {
	ctx, cancel := context.WithTimeout(context.Background(), lateStatus)
	defer cancel()
	return j.lastLineOf(ctx, pod)
}

// lastLineOf is the last line in the log of a container; "" if it cannot be
// read.
func (j job) lastLineOf(ctx context.Context, pod string) string {
	raw, err := j.cfg.Core.Get().
		Namespace(j.cfg.Namespace).Resource("pods").Name(pod).SubResource("log").
		Param("container", container).Param("tailLines", "50").Param("limitBytes", strconv.Itoa(1<<20)).
		DoRaw(ctx)
	if err != nil {
		return ""
	}
	var messages lastLine
	_, _ = messages.Write(raw)
	return messages.String()
}

// oneLine makes a message of the cluster one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
