package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/dynamic"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// Restoring is tried again for undoLimit, also after Ctrl-C: the error that
// ended the trial may be an API server that cannot be reached for a while. One
// request may take undoRequest, and undoPause is between two rounds of them.
const (
	undoLimit   = time.Minute
	undoRequest = 5 * time.Second
	undoPause   = time.Second
)

// undo is what has to be done to restore the cluster, last change first.
type undo struct {
	connect func() (dynamic.Interface, error) // for one round of requests
	log     io.Writer
	steps   []step

	limit, request, pause time.Duration // default: the constants above
}

type step struct {
	command string // for the user, if the step fails: does the same by hand
	do      func(context.Context, dynamic.Interface) error
}

func (u *undo) add(command string, do func(context.Context, dynamic.Interface) error) {
	u.steps = append(u.steps, step{command, do})
}

// last runs the step of the last change alone.
func (u *undo) last(ctx context.Context, c dynamic.Interface) error {
	i := len(u.steps) - 1
	if err := u.steps[i].do(ctx, c); err != nil {
		return err
	}
	u.steps = u.steps[:i]
	return nil
}

// all runs every step, whatever the result of the others, and repeats those
// that failed until the limit, which does not depend on the time of the trial:
// that may be over. The remaining steps are in the error, and are kept.
func (u *undo) all() error {
	limit := cmp.Or(u.limit, undoLimit)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var errs []error
	for round := 0; len(u.steps) > 0; round++ {
		if round > 0 && (forbidden(errs) || kube.Sleep(ctx, cmp.Or(u.pause, undoPause)) != nil) {
			return hint.New(fmt.Errorf("could not restore the cluster: %w", errors.Join(errs...)), "restore it by hand: "+u.commands())
		}
		failed := u.each(ctx)
		if len(failed) > 0 && round == 0 && u.log != nil {
			fmt.Fprintf(u.log, "could not restore the cluster yet: %v; trying again for up to %v\n", failed[0], limit)
		}
		if round == 0 || ctx.Err() == nil { // an error of the limit itself has fewer details
			errs = failed
		}
	}
	return nil
}

// forbidden reports whether no error is one that may pass.
func forbidden(errs []error) bool {
	return !slices.ContainsFunc(errs, func(err error) bool { return !apierrors.IsForbidden(err) })
}

// each runs every step once, on a new connection: a request on a connection
// that broke silently fails only after its time-out, however often it is
// repeated. What no longer exists need not be restored.
func (u *undo) each(ctx context.Context) (errs []error) {
	c, err := u.connect()
	if err != nil {
		return []error{err}
	}
	var left []step
	for i := len(u.steps) - 1; i >= 0; i-- {
		request, cancel := context.WithTimeout(ctx, cmp.Or(u.request, undoRequest))
		err := u.steps[i].do(request, c)
		cancel()
		if err != nil && !apierrors.IsNotFound(err) {
			left, errs = append([]step{u.steps[i]}, left...), append(errs, err)
		}
	}
	u.steps = left
	return errs
}

// commands are those that run the remaining steps by hand.
func (u *undo) commands() string {
	var all []string
	for i := len(u.steps) - 1; i >= 0; i-- {
		all = append(all, u.steps[i].command)
	}
	return strings.Join(all, "; ")
}
