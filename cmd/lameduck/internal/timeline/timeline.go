// Package timeline holds what was seen in one trial, on one clock: every
// attempt of every client and every event of every pod. It is plain data and
// imports nothing of ours; all figures are folds over it, so a saved run can
// be reported again.
package timeline

import "time"

// Run is one trial.
type Run struct {
	Start    time.Time `json:"start"`
	Tool     string    `json:"tool"`  // version of the tool that made it
	Stage    string    `json:"stage"` // "lab" or "cluster"
	Action   Action    `json:"action"`
	Rounds   int       `json:"rounds"` // number of times to run the action
	Replicas int       `json:"replicas"`
	Nodes    int       `json:"nodes,omitempty"` // of the lab
	Seed     uint64    `json:"seed"`
	Rate     int       `json:"rate"` // attempts per second and pattern; slow makes a tenth. Lower than Load.Rate where the machine or the server did not keep up
	// RateChosen: the tool chose Load.Rate, and not its user.
	RateChosen bool `json:"rate_chosen,omitempty"`
	Load       Load `json:"load"`
	Spec       Spec `json:"spec"`
	// Accuracy is how long before its At an event may have happened; never
	// after it. 0 in the lab, which sees everything itself. On a cluster it is
	// how late the events of the kubelet may be; those of other sources are
	// reported within a quarter of a second.
	Accuracy time.Duration `json:"accuracy,omitzero"`

	Duration time.Duration `json:"-"`
	Skews    []Skew        `json:"-"` // of the clocks of a cluster's nodes
	Attempts []Attempt     `json:"-"`
	Events   []Event       `json:"-"`
}

// Spec is what the manifest sets for each pod, as far as the diagnosis needs
// it.
type Spec struct {
	Grace         time.Duration `json:"grace"`                 // terminationGracePeriodSeconds
	PreStop       string        `json:"pre_stop"`              // "", "sleep", "exec" or "httpGet"
	PreStopSleep  time.Duration `json:"pre_stop_sleep"`        // of a sleep hook, else 0
	Propagation   string        `json:"propagation"`           // the profile of the lab, "" on a cluster
	StopSignal    string        `json:"stop_signal,omitempty"` // such as SIGQUIT; empty: SIGTERM, or that of the image on a cluster
	Command       []string      `json:"command"`
	ReadinessHTTP bool          `json:"readiness_http"` // readiness is probed by HTTP (else by connecting)
	// ReadyListens: the readiness probe is at the port that clients are sent to, so that a pod which
	// becomes ready listens there.
	ReadyListens bool `json:"ready_listens,omitempty"`
}
