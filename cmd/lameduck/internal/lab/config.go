package lab

import (
	"io"
	"strconv"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Config is what to run, and how.
type Config struct {
	Workload     *manifest.Workload // without a name: app; without a strategy: a Deployment's, 25% and 25%
	Command      []string           // the program and its arguments, in place of the image's
	Nodes        int                // how many views there are; default 3
	Propagation  Profile            // default rollout
	Seed         uint64             // the same seed draws the same lags and picks
	ReadyTimeout time.Duration      // how long a pod may take to become ready; default 60 s
	// ReadyByConnecting: a pod without a readiness probe is ready when its port
	// first accepts a connection. In Kubernetes it is ready once it has started.
	ReadyByConnecting bool
	Clock             timeline.Clock       // what events are timed by
	Log               io.Writer            // gets the output of the pods, a line at a time, and notes; may be nil
	Note              func(text string)    // called with each thing that the user should know of the pods, once; may be nil
	LastLines         io.Writer            // gets the last lines of a pod that does not become ready, where Log is nil; may be nil
	Emit              func(timeline.Event) // gets every event, from one goroutine, in order; must not block; may be nil
}

func (c Config) withDefaults() Config {
	if c.Nodes < 1 {
		c.Nodes = 3
	}
	if c.ReadyTimeout == 0 {
		c.ReadyTimeout = time.Minute
	}
	if c.Log != nil || c.LastLines == nil {
		c.LastLines = io.Discard // Log has all lines
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	c.Log = sandbox.OneAtATime(c.Log)
	emit := c.Emit
	c.Emit = func(e timeline.Event) {
		if e.Source = timeline.SourceLab; emit != nil {
			emit(e)
		}
	}
	c.Note = once(c.Note)
	c.Propagation = c.Propagation.orDefault()
	if w := *c.Workload; w.Strategy.Type == "" {
		quarter := manifest.IntOrPercent{Value: 25, Percent: true}
		w.Strategy = manifest.Strategy{Type: "RollingUpdate", MaxSurge: quarter, MaxUnavailable: quarter}
		c.Workload = &w
	}
	return c
}

// podName numbers the pods in order of their creation: app-1, app-2.
func (c Config) podName(number int) string {
	base := c.Workload.Name
	if base == "" {
		base = "app"
	}
	return base + "-" + strconv.Itoa(number)
}

const (
	statefulSet = "StatefulSet"
	daemonSet   = "DaemonSet"
)
