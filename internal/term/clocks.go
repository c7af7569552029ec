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

// Clocks are the durations of one Process. Resolved, each is what the operator has set
// in the environment, else the field of the Process, else the default.
type Clocks struct {
	Delay, Quiet, Spread, Grace, Reserve time.Duration
}

// A knob is one clock: its variable in the environment, the field of the Process, its
// default (fallback), and where the resolved value goes.
type knob struct {
	name     string
	field    time.Duration
	fallback time.Duration
	resolved *time.Duration
}

// Resolve resolves the clocks; a nil env stands for the environment of the process. An
// operator who mistypes a value learns it when the pod starts, and not when it
// terminates.
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
		*k.resolved = max(0, cmp.Or(k.field, k.fallback))
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

// lookUp returns the value of a variable, the last one if env has it more than once.
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
	hint := "set terminationGracePeriodSeconds of the pod, and with it Grace (or LAMEDUCK_GRACE), to more than delay plus reserve"
	if enough := c.Delay + c.Reserve + 10*time.Second; enough > c.Delay {
		hint += fmt.Sprintf(" plus the time that requests take, for example %v", enough.Round(time.Second))
	}
	if room := c.Grace - c.Reserve; room > time.Second {
		hint += fmt.Sprintf("; or set Delay (or LAMEDUCK_DELAY) to less than %v", room)
	}
	return fmt.Errorf("delay %v and reserve %v do not fit into the grace period %v\nhint: %s", c.Delay, c.Reserve, c.Grace, hint)
}

// After is c for a termination whose grace period began before it, by passed. Reserve is
// then at most half of what is left of Grace, and Delay at most half of the rest.
func (c Clocks) After(passed time.Duration) Clocks {
	c.Grace -= passed
	c.Reserve = min(c.Reserve, c.Grace/2)
	c.Delay = min(c.Delay, c.cut()/2)
	return c
}

// cut is how long after T0 what is still in flight is cut.
func (c Clocks) cut() time.Duration { return c.Grace - c.Reserve }

// Latest is how long after T0 the lame duck ends at the latest, however many late
// connections still come: halfway from Delay to the cut. The second half is left for
// what is in flight.
func (c Clocks) Latest() time.Duration { return c.Delay + (c.cut()-c.Delay)/2 }

// End is how long after T0 the lame duck ends, if the last late connection came lastLate
// after T0 (negative: none came).
func (c Clocks) End(lastLate time.Duration) time.Duration {
	end := c.Delay
	if lastLate >= 0 {
		end = max(end, lastLate+min(c.Quiet, c.Latest()))
	}
	return min(end, c.Latest())
}

// Flush is the last tenth of Reserve, kept for the report, and for the exit of the
// process before the kubelet's SIGKILL. At the cut as much time is left between the end
// of contexts and the close of connections.
func (c Clocks) Flush() time.Duration { return c.Reserve / 10 }
