package term

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Clocks are the resolved durations of one Process: its fields, the
// defaults, and the operator's knobs over both.
type Clocks struct {
	Delay, Quiet, Spread, Grace, Reserve time.Duration
}

// A knob is one clock: its variable in the environment, its default and
// where the resolved value goes.
type knob struct {
	name     string
	field    time.Duration
	standard time.Duration
	resolved *time.Duration
}

// Resolve puts the environment over the fields of a Process, and the defaults under
// them; env is that of the process if nil. An operator who mistypes a value learns it when the pod starts, not when it is
// killed.
func Resolve(fields Clocks, env []string) (Clocks, error) {
	var c Clocks
	knobs := []knob{
		{"LAMEDUCK_DELAY", fields.Delay, 10 * time.Second, &c.Delay},
		{"LAMEDUCK_QUIET", fields.Quiet, 2 * time.Second, &c.Quiet},
		{"LAMEDUCK_SPREAD", fields.Spread, 3 * time.Second, &c.Spread},
		{"LAMEDUCK_GRACE", fields.Grace, 30 * time.Second, &c.Grace},
		{"LAMEDUCK_RESERVE", fields.Reserve, 3 * time.Second, &c.Reserve},
	}
	var errs []error
	for _, k := range knobs {
		*k.resolved = max(0, cmp.Or(k.field, k.standard))
		text, set := lookUp(env, k.name)
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
	if len(errs) == 0 && c.Delay >= c.Grace-c.Reserve {
		errs = append(errs, c.tooLong())
	}
	return c, errors.Join(errs...)
}

// lookUp returns the value of a variable, the last if env has several.
func lookUp(env []string, name string) (value string, set bool) {
	if env == nil {
		return os.LookupEnv(name)
	}
	for _, line := range slices.Backward(env) {
		if value, set = strings.CutPrefix(line, name+"="); set {
			return value, true
		}
	}
	return "", false
}

// tooLong is the error of a Delay that does not fit.
func (c Clocks) tooLong() error {
	hint := "set terminationGracePeriodSeconds of the pod, and Grace or LAMEDUCK_GRACE with it, to more than both"
	if enough := c.Delay + c.Reserve + 10*time.Second; enough > c.Delay {
		hint += fmt.Sprintf(" and the time that requests take, for example %v", enough.Round(time.Second))
	}
	if room := c.Grace - c.Reserve; room > time.Second {
		hint += fmt.Sprintf("; or Delay or LAMEDUCK_DELAY to less than %v", room)
	}
	return fmt.Errorf("delay %v and reserve %v do not fit into the grace period %v\nhint: %s", c.Delay, c.Reserve, c.Grace, hint)
}

// After is c for a termination whose grace period began so long ago. Closers get
// at most half of what is left, and the lame duck half of what is left then.
func (c Clocks) After(passed time.Duration) Clocks {
	c.Grace -= passed
	c.Reserve = min(c.Reserve, c.Grace/2)
	c.Delay = min(c.Delay, c.cut()/2)
	return c
}

// cut is when, after T0, what is still in flight is cut.
func (c Clocks) cut() time.Duration { return c.Grace - c.Reserve }

// Latest is when, after T0, the lame duck ends at the latest, however many
// late connections still come: halfway from Delay to the cut, so that as
// much time is left for what is in flight.
func (c Clocks) Latest() time.Duration { return c.Delay + (c.cut()-c.Delay)/2 }

// End is when, after T0, the lame duck ends if the last late connection came
// at lastLate (negative: none did).
func (c Clocks) End(lastLate time.Duration) time.Duration {
	end := c.Delay
	if lastLate >= 0 {
		end = max(end, lastLate+min(c.Quiet, c.Latest()))
	}
	return min(end, c.Latest())
}

// Flush is the last part of Reserve: for the report, and for the runtime to
// exit before the kubelet's SIGKILL.
func (c Clocks) Flush() time.Duration { return c.Reserve / 10 }
