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
	poll    = 250 * time.Millisecond
	leaving = time.Minute // for the pods to be gone
)

// create makes the Job.
func (c *Crew) create(ctx context.Context) error {
	_, err := kube.Jobs.Create(ctx, c.cfg.Client, c.cfg.Namespace, Manifest(c.cfg))
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return hint.New(fmt.Errorf("cannot create the Job of the workers: %w", err), "does the namespace exist?")
	}
	return c.refused("create the Job of the workers", err)
}

// refused says what could not be done, and what grants it if it was not
// allowed.
func (c *Crew) refused(what string, err error) error {
	err = fmt.Errorf("cannot %s: %w", what, err)
	switch {
	case strings.Contains(err.Error(), quota):
		return hint.New(err, quotaAdvice)
	case apierrors.IsForbidden(err):
		return hint.New(err, "workers need, in namespace "+c.cfg.Namespace+": "+neededRights())
	}
	return err
}

const (
	quota       = "exceeded quota"
	quotaAdvice = "the quota of the namespace is used up: choose fewer --workers, or send the load from here with --url"
)

// neededRights is Rules in one line.
func neededRights() string {
	var all []string
	for _, r := range Rules {
		all = append(all, strings.Join(r.Verbs, " and ")+" "+strings.Join(r.Resources, ", "))
	}
	return strings.Join(all, "; ")
}

// pods lists those of the Job.
func (c *Crew) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := kube.Pods.List(ctx, c.cfg.Client, c.cfg.Namespace, metav1.ListOptions{
		LabelSelector: RunLabel + "=" + c.cfg.RunID + "," + componentLabel + "=" + Role,
	})
	if err != nil {
		return nil, c.refused("list the pods of the workers", err)
	}
	return list.Items, nil
}

// Close ends the workers: it hangs up, deletes the Job, and waits until its
// pods are gone, for up to a minute whatever became of the context of Start.
// It may be called again, and does nothing if the first time went well.
func (c *Crew) Close() error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		return nil
	}
	if !c.left {
		c.leave()
		c.left = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaving)
	defer cancel()
	if err := c.remove(ctx); err != nil {
		return hint.New(err, fmt.Sprintf("do it by hand: %s delete job %s -n %s", c.cfg.Kubectl, c.cfg.name(), c.cfg.Namespace))
	}
	c.closed = true
	return nil
}

// remove deletes the Job, again after an error that may pass.
func (c *Crew) remove(ctx context.Context) error {
	deleted := false
	for {
		var err error
		if !deleted {
			err = c.delete(ctx)
			deleted = err == nil
		}
		if deleted {
			var left []string
			if left, err = c.remains(ctx); err == nil && len(left) == 0 {
				return nil
			}
			if len(left) > 0 {
				err = fmt.Errorf("after %v there still are %s", leaving, strings.Join(left, ", "))
			}
		}
		if apierrors.IsForbidden(err) || !sleep(ctx, poll) {
			return fmt.Errorf("the workers are not all gone: %w", err)
		}
	}
}

func (c *Crew) delete(ctx context.Context) error {
	err := kube.Jobs.Delete(ctx, c.cfg.Client, c.cfg.Namespace, c.cfg.name(),
		metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground)})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remains is what is still there of the Job.
func (c *Crew) remains(ctx context.Context) ([]string, error) {
	var left []string
	_, err := kube.Jobs.Get(ctx, c.cfg.Client, c.cfg.Namespace, c.cfg.name())
	if err == nil {
		left = append(left, "job "+c.cfg.name())
	} else if !apierrors.IsNotFound(err) {
		return nil, err
	}
	pods, err := c.pods(ctx)
	for i := range pods {
		left = append(left, "pod "+pods[i].Name)
	}
	return left, err
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
