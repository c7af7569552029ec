package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// undoTimeout is what putting things back may take, also after Ctrl-C.
const undoTimeout = 30 * time.Second

// undo is what has to be done to leave the cluster as it was, last change
// first.
type undo struct{ steps []step }

type step struct {
	what string // for the user, should it fail: the command that does it
	do   func(context.Context) error
}

func (u *undo) add(what string, do func(context.Context) error) {
	u.steps = append(u.steps, step{what, do})
}

// last takes the step of the last change alone.
func (u *undo) last(ctx context.Context) error {
	i := len(u.steps) - 1
	if err := u.steps[i].do(ctx); err != nil {
		return err
	}
	u.steps = u.steps[:i]
	return nil
}

// all takes every step, whatever becomes of the others, with a time of its
// own: that of the trial may be over.
func (u *undo) all() error {
	ctx, cancel := context.WithTimeout(context.Background(), undoTimeout)
	defer cancel()
	var errs []error
	for i := len(u.steps) - 1; i >= 0; i-- {
		if err := u.steps[i].do(ctx); err != nil {
			errs = append(errs, hint.New(fmt.Errorf("could not put things back: %w", err), "do it by hand: "+u.steps[i].what))
		}
	}
	u.steps = nil
	return errors.Join(errs...)
}
