package workers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// explain is why a worker was lost: the error of the stream, the state of its
// container, and its last line.
func (j job) explain(l *workerConn) error {
	_, err := l.cause()
	ctx, cancel := context.WithTimeout(context.Background(), lateStatus)
	defer cancel()
	what := fmt.Errorf("lost worker %s: %w", l.pod, err)
	if podOutcome := j.podOutcome(ctx, l.pod); podOutcome != "" {
		what = fmt.Errorf("%w; %s", what, podOutcome)
	}
	if line := cmp.Or(l.stderr.String(), j.lastLine(l.pod)); line != "" && !strings.Contains(line, err.Error()) {
		what = fmt.Errorf("%w; its last line: %s", what, line)
	}
	if apierrors.IsForbidden(err) {
		return hint.New(what, "workers need, in namespace "+j.cfg.Namespace+": "+neededPermissions())
	}
	return what
}

// explainAll is why the first of the lost workers was lost: when one ends,
// Kubernetes ends the others of its Job.
func (j job) explainAll(lost []*workerConn) error {
	if len(lost) == 0 {
		return nil
	}
	slices.SortFunc(lost, func(a, b *workerConn) int {
		first, _ := a.cause()
		second, _ := b.cause()
		return cmp.Compare(first, second)
	})
	err := j.explain(lost[0])
	if others := len(lost) - 1; others > 0 {
		err = fmt.Errorf("%w (and %d more after it)", err, others)
	}
	return err
}
