package lint

import "fmt"

// termination is what a container, or the proxy of a mesh, takes from the start of the
// preStop hook, as far as the manifest shows it.
type termination struct {
	drainTime
	hook *hook // nil: none
}

// terminations are those with a setting.
func (w *workload) terminations() (all []termination) {
	for _, c := range w.containers {
		if t, ok := longestDrain(c.drains()); ok {
			all = append(all, termination{t, c.hook()})
		}
	}
	if t, ok := longestDrain(w.drains()); ok {
		all = append(all, termination{t, nil})
	}
	return all
}

// hookSeconds are before the stop signal. A hook that runs what is not known may have
// begun the drain itself: then only what is before that counts.
func (t *termination) hookSeconds() int {
	switch {
	case t.hook == nil:
		return 0
	case t.hook.Open:
		return t.hook.AtLeast
	}
	return t.hook.Planned
}

func (t *termination) total() int { return t.hookSeconds() + t.longest }

// certain reports whether the server is killed whatever its clients do.
func (t *termination) certain(grace int) bool {
	return t.accepts > 0 && t.hookSeconds()+t.accepts >= grace
}

// reserve is for closing what is left, and for the runtime of the container.
const reserve = 5

// inFlight is for the requests in flight where no setting limits them.
const inFlight = 10

// rest is what the grace period needs beside the settings.
func (t *termination) rest() int {
	if t.accepts > 0 && t.longest == t.accepts {
		return inFlight + reserve
	}
	return reserve
}

// enough is a grace period that has room for all.
func (t *termination) enough() int { return roundUp(t.total()+t.rest(), 5) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// sum adds the settings up, with the hook before them.
func (t *termination) sum(settings []drain) string {
	if t.hookSeconds() == 0 {
		return terms(settings)
	}
	return fmt.Sprintf("preStop %d s + %s", t.hookSeconds(), terms(settings))
}
