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
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

const (
	poll          = 250 * time.Millisecond
	deleteTimeout = time.Minute // for the pods to be removed
)

// job is the Job of the workers, and its pods, in the cluster.
type job struct{ cfg Config }

// create makes the Job.
func (j job) create(ctx context.Context) error {
	_, err := kube.Resource[Job](kube.Jobs).Create(ctx, j.cfg.Client, j.cfg.Namespace, Manifest(j.cfg))
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return hint.New(fmt.Errorf("cannot create the Job of the workers: %w", err), "does the namespace exist?")
	}
	return j.apiError("create the Job of the workers", err)
}

// apiError adds to an error what failed, and the rule that grants it if it was
// not allowed.
func (j job) apiError(what string, err error) error {
	err = fmt.Errorf("cannot %s: %w", what, err)
	switch {
	case strings.Contains(err.Error(), quota):
		return hint.New(err, quotaAdvice)
	case apierrors.IsForbidden(err):
		return hint.New(err, "workers need, in namespace "+j.cfg.Namespace+": "+neededPermissions())
	}
	return err
}

const (
	quota       = "exceeded quota"
	quotaAdvice = "the quota of the namespace is used up: choose fewer --workers, or send the load from here with --url"
)

// pods lists those of the Job.
func (j job) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := kube.Pods.List(ctx, j.cfg.Client, j.cfg.Namespace, metav1.ListOptions{
		LabelSelector: RunLabel + "=" + j.cfg.RunID + "," + componentLabel + "=" + wire.Role,
	})
	if err != nil {
		return nil, j.apiError("list the pods of the workers", err)
	}
	return list.Items, nil
}

// remove deletes the Job, again after an error that may pass.
func (j job) remove(ctx context.Context) error {
	deleted := false
	for {
		var err error
		if !deleted {
			err = j.delete(ctx)
			deleted = err == nil
		}
		if deleted {
			var rest []string
			if rest, err = j.remaining(ctx); err == nil && len(rest) == 0 {
				return nil
			}
			if len(rest) > 0 {
				err = fmt.Errorf("after %v these still exist: %s", deleteTimeout, strings.Join(rest, ", "))
			}
		}
		if apierrors.IsForbidden(err) || kube.Sleep(ctx, poll) != nil {
			return fmt.Errorf("not all workers were removed: %w", err)
		}
	}
}

func (j job) delete(ctx context.Context) error {
	err := kube.Jobs.Delete(ctx, j.cfg.Client, j.cfg.Namespace, j.cfg.name(),
		metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationForeground)})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remaining is what still exists of the Job.
func (j job) remaining(ctx context.Context) ([]string, error) {
	var rest []string
	_, err := kube.Jobs.Get(ctx, j.cfg.Client, j.cfg.Namespace, j.cfg.name())
	if err == nil {
		rest = append(rest, "job "+j.cfg.name())
	} else if !apierrors.IsNotFound(err) {
		return nil, err
	}
	pods, err := j.pods(ctx)
	for i := range pods {
		rest = append(rest, "pod "+pods[i].Name)
	}
	return rest, err
}
