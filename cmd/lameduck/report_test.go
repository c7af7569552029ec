package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// result is what the tests read of verify's JSON. It is written out here, and
// not taken from the tool, since it is a contract with others.
type result struct {
	Version  int
	Verdict  string
	Reason   string
	Attempts int
	Dropped  int
	Void     int
	Control  struct{ Attempts, Failed int }
	Traffic  []struct {
		Pattern string
		Dropped int
		Causes  map[string]int
		Latency struct{ P90 float64 } `json:"latency_ms"`
	}
	Findings []struct {
		ID, Summary, Evidence, Fix string
		Drops                      int
	}
}

// errControl is in what is wrong with a result where attempts at the control
// target failed: it never terminates, so this machine was late.
var errControl = errors.New("the control target failed, too")

// errSlow is in what is wrong with a result where many requests on new connections
// took long: the servers of these tests answer at once, so the pods were late.
var errSlow = errors.New("the server was slow")

// errInconclusive is in what is wrong with a result that is inconclusive: the
// trial has to be made again.
var errInconclusive = errors.New("inconclusive")

// errFalse is what is wrong with a server without a fault that failed: however
// late the machine was, that is no result, and a try that passes later does not
// take it back.
var errFalse = errors.New("a server without a fault failed")

// wrong is what is wrong with the result.
func (r result) wrong(err error) error {
	if err != nil && r.Verdict == "inconclusive" {
		return fmt.Errorf("%w: %s (%w)", errInconclusive, r.Reason, err)
	}
	if err != nil && r.Control.Failed > 0 {
		return fmt.Errorf("%w (%w, %d of %d attempts)", err, errControl, r.Control.Failed, r.Control.Attempts)
	}
	for _, t := range r.Traffic {
		if err != nil && t.Pattern == "new" && t.Latency.P90 >= float64(timeline.MostLate.Milliseconds()) {
			return fmt.Errorf("%w (%w, a tenth of the requests on new connections took %.0f ms or more)", err, errSlow, t.Latency.P90)
		}
	}
	return err
}

func parseReport(data []byte) (result, error) {
	var r result
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("the standard output is no report: %w", err)
	}
	found := r.Dropped+len(r.Findings) > 0
	known := r.Verdict == "pass" && !found || r.Verdict == "fail" && found || r.Verdict == "inconclusive" && r.Reason != ""
	if r.Version != 2 || !known || r.Attempts == 0 && r.Verdict != "inconclusive" {
		return r, fmt.Errorf("the report contradicts itself: %+v", r)
	}
	return r, r.check()
}

// check checks that every finding is complete, and whether they
// share all drops among them.
func (r result) check() error {
	explained := 0
	for _, f := range r.Findings {
		explained += f.Drops
		if f.Summary == "" || f.Evidence == "" || f.Fix == "" {
			return fmt.Errorf("the finding is incomplete: %+v", f)
		}
	}
	if explained != r.Dropped {
		return fmt.Errorf("%d dropped, %d explained", r.Dropped, explained)
	}
	return nil
}

func (r result) ids() []string {
	ids := []string{}
	for _, f := range r.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

func (r result) causes() map[string]int {
	all := map[string]int{}
	for _, t := range r.Traffic {
		for cause, n := range t.Causes {
			all[cause] += n
		}
	}
	return all
}

func (r result) evidence() string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %d drops: %s\n", f.ID, f.Drops, f.Evidence)
	}
	return b.String()
}
