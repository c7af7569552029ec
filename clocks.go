package lameduck

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"
)

// clocks are the resolved durations of one Process: its fields, the
// defaults, and the operator's knobs over both.
type clocks struct {
	delay, quiet, spread, grace, reserve time.Duration
}

// A knob is one clock: its variable in the environment, its default and
// where the resolved value goes.
type knob struct {
	name     string
	field    time.Duration
	standard time.Duration
	resolved *time.Duration
}

// resolve puts the defaults and the environment over what the fields of a Process
// say. An operator who mistypes a value learns it when the pod starts, not when it is
// killed.
func resolve(fields clocks) (clocks, error) {
	var c clocks
	knobs := []knob{
		{"LAMEDUCK_DELAY", fields.delay, 10 * time.Second, &c.delay},
		{"LAMEDUCK_QUIET", fields.quiet, 2 * time.Second, &c.quiet},
		{"LAMEDUCK_SPREAD", fields.spread, 3 * time.Second, &c.spread},
		{"LAMEDUCK_GRACE", fields.grace, 30 * time.Second, &c.grace},
		{"LAMEDUCK_RESERVE", fields.reserve, 3 * time.Second, &c.reserve},
	}
	var errs []error
	for _, k := range knobs {
		*k.resolved = max(0, cmp.Or(k.field, k.standard))
		text, set := os.LookupEnv(k.name)
		if !set {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			errs = append(errs, fmt.Errorf("%s=%q is not a duration such as 10s or 1m30s", k.name, text))
			continue
		}
		*k.resolved = d
	}
	if len(errs) == 0 && c.delay >= c.grace-c.reserve {
		errs = append(errs, c.tooLong())
	}
	return c, errors.Join(errs...)
}

// tooLong is the error of a Delay that does not fit.
func (c clocks) tooLong() error {
	hint := "set terminationGracePeriodSeconds of the pod, and Grace or LAMEDUCK_GRACE with it, to more than both"
	if enough := c.delay + c.reserve + 10*time.Second; enough > c.delay {
		hint += fmt.Sprintf(" and the time that requests take, say %v", enough.Round(time.Second))
	}
	if room := c.grace - c.reserve; room > time.Second {
		hint += fmt.Sprintf("; or Delay or LAMEDUCK_DELAY to less than %v", room)
	}
	return fmt.Errorf("delay %v and reserve %v do not fit into the grace period %v\nhint: %s", c.delay, c.reserve, c.grace, hint)
}

// after is c for a termination whose grace period began so long ago. Closers get
// at most half of what is left, and the lame duck half of what is left then.
func (c clocks) after(passed time.Duration) clocks {
	c.grace -= passed
	c.reserve = min(c.reserve, c.grace/2)
	c.delay = min(c.delay, c.cut()/2)
	return c
}

// cut is when, after T0, what is still in flight is cut.
func (c clocks) cut() time.Duration { return c.grace - c.reserve }

// latest is when, after T0, the lame duck ends at the latest, however many
// late connections still come: halfway from Delay to the cut, so that as
// much time is left for what is in flight.
func (c clocks) latest() time.Duration { return c.delay + (c.cut()-c.delay)/2 }

// end is when, after T0, the lame duck ends if the last late connection came
// at lastLate (negative: none did).
func (c clocks) end(lastLate time.Duration) time.Duration {
	end := c.delay
	if lastLate >= 0 {
		end = max(end, lastLate+min(c.quiet, c.latest()))
	}
	return min(end, c.latest())
}

// flush is the last part of Reserve: for the report, and for the runtime to
// exit before the kubelet's SIGKILL.
func (c clocks) flush() time.Duration { return c.reserve / 10 }
