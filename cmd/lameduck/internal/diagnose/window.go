package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

const never = timeline.Never

// window is a moment that is known to lie between two moments, both included.
// What makes a window is in observer.go: it contains the inaccuracy of whatever
// observed the moment, so that no rule adds a tolerance.
type window struct{ earliest, latest time.Duration }

// none is the window of a moment that did not come.
var none = window{never, never}

// exactly is the window of a moment that is known exactly.
func exactly(at time.Duration) window { return window{at, at} }

// came reports whether the moment came.
func (w window) came() bool { return w.latest != never }

// answer is what is known of a statement about moments.
type answer int8

const (
	no answer = iota
	unsure
	yes
)

// not is the answer to the opposite.
func (a answer) not() answer { return yes - a }

// before reports whether one moment came before another; no if either did not
// come.
func (w window) before(o window) answer {
	switch {
	case !w.came() || !o.came() || w.earliest > o.latest:
		return no
	case w.latest < o.earliest:
		return yes
	}
	return unsure
}

// intersects reports whether both may be the same moment.
func (w window) intersects(o window) bool {
	return w.came() && o.came() && w.earliest <= o.latest && o.earliest <= w.latest
}

// notBefore is the part of the window that is not before the moment; at least
// its end.
func (w window) notBefore(at time.Duration) window {
	return window{min(max(w.earliest, at), w.latest), w.latest}
}

// orLater is the window of whichever moment came last.
func (w window) orLater(o window) window {
	return window{max(w.earliest, o.earliest), max(w.latest, o.latest)}
}

// since is how long after another moment this one came: at least, and at most.
func (w window) since(o window) interval {
	return interval{w.earliest - o.latest, w.latest - o.earliest}
}

// interval is a duration that is known to lie between two, both included.
type interval struct{ atLeast, atMost time.Duration }

// shorterThan reports whether the interval is shorter than d.
func (i interval) shorterThan(d time.Duration) answer {
	switch {
	case i.atMost < d:
		return yes
	case i.atLeast >= d:
		return no
	}
	return unsure
}
