package model

import "fmt"

// Termination is what a container, or the proxy of a mesh, takes from the start of the
// preStop hook, as far as the manifest shows it.
type Termination struct {
	DrainTime
	hook *Hook // nil: none
}

// Terminations are those of the containers, and of the proxy of a mesh, that have a setting.
func (w *Workload) Terminations() (all []Termination) {
	for _, c := range w.Containers {
		if t, ok := LongestDrain(c.Drains()); ok {
			all = append(all, Termination{t, c.Hook()})
		}
	}
	if t, ok := LongestDrain(w.drains()); ok {
		all = append(all, Termination{t, nil})
	}
	return all
}

// HookSeconds are the seconds before the stop signal. A hook that runs an unknown command
// may begin the drain with it: then only the time before that command counts.
func (t *Termination) HookSeconds() int {
	switch {
	case t.hook == nil:
		return 0
	case t.hook.Open:
		return t.hook.AtLeast
	}
	return t.hook.Planned
}

func (t *Termination) Total() int { return t.HookSeconds() + t.Longest }

// Certain reports whether the server is killed whatever its clients do.
func (t *Termination) Certain(grace int) bool {
	return t.Accepts > 0 && t.HookSeconds()+t.Accepts >= grace
}

// Reserve is how many seconds are added for closing what is left, and for the container
// runtime.
const Reserve = 5

// InFlight is how many seconds the requests in flight get where no setting limits them.
const InFlight = 10

// rest is what the grace period needs beside the settings.
func (t *Termination) rest() int {
	if t.Accepts > 0 && t.Longest == t.Accepts {
		return InFlight + Reserve
	}
	return Reserve
}

// Enough is a grace period that has room for all of it.
func (t *Termination) Enough() int { return RoundUp(t.Total()+t.rest(), 5) }

// RoundUp rounds n up to a multiple of to.
func RoundUp(n, to int) int { return (n + to - 1) / to * to }

// Sum adds the settings up, with the hook before them.
func (t *Termination) Sum(settings []Drain) string {
	if t.HookSeconds() == 0 {
		return terms(settings)
	}
	return fmt.Sprintf("preStop %d s + %s", t.HookSeconds(), terms(settings))
}
