// Package report turns a run and its findings into text and JSON.
//
// Output policy. A report is a result: its caller sends it to stdout or to a
// file; nothing here writes anywhere else. Messages and progress
// belong on stderr and are not made here. Text is for people and may change;
// JSON is a contract and has a version. Colour is used only when the caller
// sets it (a terminal, and no NO_COLOR), and never carries a meaning that the
// words do not. Lines keep within 110 columns.
package report

import (
	"cmp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Version is the version of the JSON form. Fields are added without a new
// version; version 2 has all of version 1.
const Version = 2

// Report is the object that "verify -o json" prints: durations are in
// milliseconds, moments in milliseconds since the start of the run, and a
// moment that never came is null. What only the text has is not in it.
type Report struct {
	Version   int                    `json:"version"`
	Verdict   finding.Verdict        `json:"verdict"`          // pass, fail or inconclusive
	Reason    string                 `json:"reason,omitempty"` // why it is inconclusive, one line
	Hint      string                 `json:"hint,omitempty"`   // what to do then, one line
	Covers    string                 `json:"covers,omitempty"` // what a pass holds for
	Tool      string                 `json:"tool"`             // version of the tool that made the run
	Start     time.Time              `json:"start"`            // of the run
	Duration  float64                `json:"duration_ms"`      // of the run
	Stage     string                 `json:"stage"`            // lab or cluster
	Action    string                 `json:"action"`
	Rounds    int                    `json:"rounds"`      // number of times to run the action
	Seed      *uint64                `json:"seed,string"` // of the lab; a string, because not every reader of JSON has integers of 64 bits; null on a cluster
	Rate      int                    `json:"rate"`        // attempts per second and pattern; slow makes a tenth. Lower than that of Spec where the machine or the server did not keep up
	Spec      Spec                   `json:"spec"`        // what was asked
	Attempts  int                    `json:"attempts"`
	Dropped   int                    `json:"dropped"`
	Void      int                    `json:"void"`               // attempts that failed, perhaps because this machine was late: not in Dropped
	Statuses  map[int]int            `json:"statuses,omitempty"` // responses by HTTP status
	Control   Control                `json:"control"`
	Traffic   []Traffic              `json:"traffic"`
	Pods      []Pod                  `json:"pods"`
	Findings  []finding.Finding      `json:"findings"`
	Recommend finding.Recommendation `json:"recommend"`
	Clocks    []Clock                `json:"clocks,omitempty"` // of a cluster's nodes
	// Propagation is empty in the lab, whose lag is chosen, and wherever it
	// could not be measured.
	Propagation []Propagation `json:"propagation,omitempty"`
}

// Spec is what was asked, beside stage, action, rounds and seed: all that
// repeats the run.
type Spec struct {
	Patterns     []string `json:"patterns"`
	Rate         int      `json:"rate"` // attempts per second and pattern
	Method       string   `json:"method"`
	Path         string   `json:"path"`
	Host         string   `json:"host"`              // the Host header
	Headers      []string `json:"headers,omitempty"` // names of those that were added; a value may be a secret
	Body         int      `json:"body"`              // bytes of content in each request; 0: none, except for upload
	TLS          string   `json:"tls"`               // auto, on or off
	Replicas     int      `json:"replicas"`
	Nodes        int      `json:"nodes,omitempty"`       // of the lab
	Propagation  string   `json:"propagation,omitempty"` // the profile of the lab
	Command      []string `json:"command,omitempty"`     // of the lab
	GraceSeconds float64  `json:"grace_s"`               // terminationGracePeriodSeconds
}

// Control is the noise floor: the attempts on a server that never terminates.
type Control struct {
	Attempts int `json:"attempts"`
	Failed   int `json:"failed"`
}

// Clock is how far that of a node is ahead of the one the run is timed by.
type Clock struct {
	Node         string  `json:"node"`
	SkewMillis   float64 `json:"skew_ms"`
	WithinMillis float64 `json:"within_ms"` // how far that may be off
}

// Traffic is one pattern. DroppedAfterSafeRetry is what a client that repeats
// what it safely may would still have seen. Latency is of the attempts that
// were served, counted from when each was due.
type Traffic struct {
	Pattern               string                 `json:"pattern"`
	Attempts              int                    `json:"attempts"`
	Dropped               int                    `json:"dropped"`
	Void                  int                    `json:"void"`
	DroppedAfterSafeRetry int                    `json:"dropped_after_safe_retry"`
	Causes                map[timeline.Cause]int `json:"causes"` // only those that occurred
	Latency               Latency                `json:"latency_ms"`
}

// Latency is in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Pod is the lifecycle of one pod. Signalled is null for a pod with a process
// that was not sent the stop signal; ExitCode is null while it has not exited.
type Pod struct {
	Name      string   `json:"name"`
	Ready     *float64 `json:"ready_ms"`
	Deleted   *float64 `json:"deleted_ms"`
	Signalled *float64 `json:"signalled_ms"`
	Exited    *float64 `json:"exited_ms"`
	ExitCode  *int     `json:"exit_code"`
	Killed    bool     `json:"killed"`
	Late      Late     `json:"late"`
}

// Late is what still arrived at a pod after its T0 (the preStop hook, or the
// stop signal where there is none). The last of each counts from T0, not from
// the start of the run; null if none arrived.
type Late struct {
	Connections    int      `json:"connections"`
	Requests       int      `json:"requests"`
	LastConnection *float64 `json:"last_connection_ms"`
	LastRequest    *float64 `json:"last_request_ms"`
}

// New assembles the report of what was counted, and the diagnosis.
func New(c *Counts, d finding.Diagnosis) *Report {
	run := c.run
	r := &Report{
		Version: Version, Verdict: d.Verdict, Reason: d.Reason, Hint: d.Hint, Covers: d.Covers, Statuses: d.Statuses,
		Control: Control(c.totals.Control),
		Traffic: []Traffic{}, Pods: []Pod{}, Findings: []finding.Finding{}, Recommend: d.Recommend,
		Tool: run.Tool, Start: run.Start, Duration: millis(run.Duration),
		Stage: run.Stage, Action: string(run.Action), Rounds: run.Rounds, Rate: run.Rate, Spec: newSpec(run),
	}
	if run.Stage != "cluster" {
		r.Seed = &run.Seed
	}
	r.Findings = append(r.Findings, d.Findings...)
	for _, t := range c.totals.ByPattern() {
		r.Attempts += t.Attempts
		r.Dropped += t.Dropped
		r.Void += t.Void
		r.Traffic = append(r.Traffic, newTraffic(t))
	}
	for _, s := range run.Skews {
		r.Clocks = append(r.Clocks, Clock{s.Node, millis(s.Ahead), millis(s.Within)})
	}
	r.Propagation = propagation(c.lags.Measured())
	for _, p := range timeline.Pods(run.Events) {
		r.Pods = append(r.Pods, newPod(p, c.late))
	}
	return r
}

func newSpec(run *timeline.Run) Spec {
	return Spec{
		Patterns: append([]string{}, run.Load.Patterns...), Rate: run.Load.Rate, Method: run.Load.Method, Path: run.Load.Path, Host: run.Load.Host,
		Headers: run.Load.HeaderNames(), Body: run.Load.Body, TLS: string(cmp.Or(run.Load.TLS, "auto")),
		Replicas: run.Replicas, Nodes: run.Nodes, Propagation: run.Spec.Propagation, Command: run.Spec.Command, GraceSeconds: run.Spec.Grace.Seconds(),
	}
}

func newTraffic(t timeline.Traffic) Traffic {
	return Traffic{
		Pattern: t.Pattern, Attempts: t.Attempts, Dropped: t.Dropped, Void: t.Void, DroppedAfterSafeRetry: t.DroppedAfterRetry, Causes: t.Causes,
		Latency: Latency{P50: millis(t.Latency.P50), P90: millis(t.Latency.P90), P99: millis(t.Latency.P99), Max: millis(t.Latency.Max)},
	}
}

func newPod(p timeline.Pod, late timeline.LateArrivals) Pod {
	pod := Pod{
		Name: p.Name, Ready: moment(p.Ready), Deleted: moment(p.Deleted), Signalled: moment(p.Signalled),
		Exited: moment(p.Exited), Killed: p.Killed != timeline.Never,
	}
	if p.Exited != timeline.Never {
		pod.ExitCode = &p.Code
	}
	if l := late[p.Name]; l != nil {
		pod.Late = Late{l.Connections, l.Requests, moment(l.LastConnection), moment(l.LastRequest)}
	}
	return pod
}

// millis keeps microseconds.
