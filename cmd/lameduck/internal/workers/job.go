package workers

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

const (
	poll          = 250 * time.Millisecond
	deleteTimeout = time.Minute // for the pods to be removed
)

// create makes the Job.
func (c *Pool) create(ctx context.Context) error {
	_, err := kube.Resource[Job](kube.Jobs).Create(ctx, c.cfg.Client, c.cfg.Namespace, Manifest(c.cfg))
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return hint.New(fmt.Errorf("cannot create the Job of the workers: %w", err), "does the namespace exist?")
	}
	return c.apiError("create the Job of the workers", err)
}

// apiError adds to an error what failed, and the rule that grants it if it was
// not allowed.
func (c *Pool) apiError(what string, err error) error {
	err = fmt.Errorf("cannot %s: %w", what, err)
	switch {
	case strings.Contains(err.Error(), quota):
		return hint.New(err, quotaAdvice)
	case apierrors.IsForbidden(err):
		return hint.New(err, "workers need, in namespace "+c.cfg.Namespace+": "+neededPermissions())
	}
	return err
}

const (
	quota       = "exceeded quota"
	quotaAdvice = "the quota of the namespace is used up: choose fewer --workers, or send the load from here with --url"
)

// neededPermissions is Rules in one line.
func neededPermissions() string {
	var all []string
	for _, r := range Rules {
		all = append(all, strings.Join(r.Verbs, " and ")+" "+strings.Join(r.Resources, ", "))
	}
	return strings.Join(all, "; ")
}

// pods lists those of the Job.
func (c *Pool) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := kube.Pods.List(ctx, c.cfg.Client, c.cfg.Namespace, metav1.ListOptions{
		LabelSelector: RunLabel + "=" + c.cfg.RunID + "," + componentLabel + "=" + Role,
	})
	if err != nil {
		return nil, c.apiError("list the pods of the workers", err)
	}
	return list.Items, nil
}

// Close ends the workers: it closes the streams, deletes the Job, and waits
// until its pods are removed, for up to a minute, independent of the context of
// Start. It may be called again, and does nothing if the first call succeeded.
func (c *Pool) Close() error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		return nil
	}
	if !c.detached {
		c.detach()
		c.detached = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), deleteTimeout)
	defer cancel()
	if err := c.remove(ctx); err != nil {
		return hint.New(err, fmt.Sprintf("delete it by hand: %s delete job %s -n %s", c.cfg.Kubectl, c.cfg.name(), c.cfg.Namespace))
	}
	c.closed = true
	return nil
}

// remove deletes the Job, again after an error that may pass.
func (c *Pool) remove(ctx context.Context) error {
	deleted := false
	for {
		var err error
		if !deleted {
			err = c.delete(ctx)
			deleted = err == nil
		}
		if deleted {
			var rest []string
			if rest, err = c.remaining(ctx); err == nil && len(rest) == 0 {
				return nil
			}
			if len(rest) > 0 {
				err = fmt.Errorf("after %v these still exist: %s", deleteTimeout, strings.Join(rest, ", "))
			}
		}
		if apierrors.IsForbidden(err) || !sleep(ctx, poll) {
			return fmt.Errorf("not all workers were removed: %w", err)
		}
	}
}

func (c *Pool) delete(ctx context.Context) error {
	err := kube.Jobs.Delete(ctx, c.cfg.Client, c.cfg.Namespace, c.cfg.name(),
		metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground)})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remaining is what still exists of the Job.
func (c *Pool) remaining(ctx context.Context) ([]string, error) {
	var rest []string
	_, err := kube.Jobs.Get(ctx, c.cfg.Client, c.cfg.Namespace, c.cfg.name())
	if err == nil {
		rest = append(rest, "job "+c.cfg.name())
	} else if !apierrors.IsNotFound(err) {
		return nil, err
	}
	pods, err := c.pods(ctx)
	for i := range pods {
		rest = append(rest, "pod "+pods[i].Name)
	}
	return rest, err
}

// sleep is false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
