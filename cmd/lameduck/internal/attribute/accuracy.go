package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Accuracy is how long before its moment an event of a run may have happened.
type Accuracy struct {
	usual time.Duration // of the kubelet's
	gaps  Stalls        // in which changes were not seen
}

// NewAccuracy is that of a run. A change that came while a watch was interrupted has the
// moment at which the watch was back.
func NewAccuracy(run *timeline.Run) *Accuracy {
	return &Accuracy{run.Accuracy, Joined(func(yield func(from, to time.Duration) bool) {
		for _, e := range run.Events {
			if e.Kind == timeline.Unwatched && !yield(e.Due, e.At) {
				return
			}
		}
	})}
}

// Exact reports whether each event has the moment at which it happened, as in the lab.
func (a *Accuracy) Exact() bool { return a.usual == 0 }

// OfKubelet is when an event of the kubelet happened at the earliest.
func (a *Accuracy) OfKubelet(at time.Duration) time.Duration { return a.earliest(at, a.usual) }

// OfControlPlane is the same of the control plane's own events.
func (a *Accuracy) OfControlPlane(at time.Duration) time.Duration {
	return a.earliest(at, min(a.usual, controlPlaneDelay))
}

func (a *Accuracy) earliest(at, usual time.Duration) time.Duration {
	earliest := at - usual
	if i := a.gaps.first(earliest); i < len(a.gaps.all) && a.gaps.all[i].from <= at {
		earliest = min(earliest, a.gaps.all[i].from-usual)
	}
	return earliest
}

// since is the moment, or else the start of a gap in which what was seen then may have come.
func (a *Accuracy) since(at time.Duration) time.Duration {
	if at == timeline.Never {
		return at
	}
	return a.earliest(at, controlPlaneDelay) + controlPlaneDelay
}

// Unwatched is for how long no change was seen, of the longest time that overlaps that
// between two moments.
func (a *Accuracy) Unwatched(from, to time.Duration) time.Duration {
	return a.gaps.Longest(from-controlPlaneDelay, to)
}
