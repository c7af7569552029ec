package cluster

import (
	"cmp"
	"io"
	"net/url"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers"
)

// Config is the settings of a trial on a cluster.
type Config struct {
	Access   *Access
	Target   *Target
	Action   timeline.Action
	Node     string        // DrainNode: which one; default that of the first pod
	WatchFor time.Duration // Watch: how long
	Rounds   int           // how often to act; default 1
	Replicas int           // in place of the workload's, during the trial; 0: as they are

	URL     *url.URL // what clients here connect to; nil: the clients are workers
	Workers int      // pods in the cluster that send the traffic
	Image   string   // of the workers: the tool's own

	ReadyTimeout time.Duration // how long a new pod, and a worker, may take; default defaultReadyTimeout
	// ActionTimeout is how long an action may take; 0: as long as it makes
	// progress, see settled. Watch takes WatchFor.
	ActionTimeout time.Duration
	Clock         timeline.Clock
	Emit          func(timeline.Event)
	Log           io.Writer
}

// Host is what clients send as the Host header.
func (c Config) Host() string {
	if c.URL != nil {
		return c.URL.Host
	}
	return c.Target.service.Name
}

// ReplicaCount is how many replicas the workload has during the trial.
func (c Config) ReplicaCount() int { return cmp.Or(c.Replicas, c.Target.replicas) }

const defaultReadyTimeout = time.Minute

// permissions are what the trial does to the API.
func (c *Config) permissions() []kube.Permission {
	permissions := append(permissionsFor(c.Action, c.Target.kind), observerPermissions...)
	if c.Replicas != 0 && c.Replicas != c.Target.replicas {
		permissions = append(permissions, permissionsFor(timeline.ScaleDown, c.Target.kind)...)
	}
	if c.URL == nil {
		permissions = append(permissions, workers.Permissions...)
	}
	return permissions
}
