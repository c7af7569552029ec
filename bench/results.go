package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// results is all that was measured, and -json's output. What was not
// measured is left out.
type results struct {
	Version int            `json:"version"` // of this format
	Go      string         `json:"go"`
	System  string         `json:"system"`
	CPUs    int            `json:"cpus"`
	Rate    *rateResult    `json:"rate,omitempty"`
	Request *requestResult `json:"request,omitempty"`
	Idle    *idleResult    `json:"idle,omitempty"`
	Exit    *exitResult    `json:"exit,omitempty"`
	Broken  *brokenResult  `json:"broken,omitempty"`

	// What follows is of -peers.
	Machine string            `json:"machine,omitempty"`
	Command string            `json:"command,omitempty"`
	Modules map[string]string `json:"modules,omitempty"` // versions, by path
	Lost    *lostResult       `json:"lost,omitempty"`
	Leaving *leavingResult    `json:"leaving,omitempty"`
	Cost    *costResult       `json:"cost,omitempty"`
	Held    *heldResult       `json:"memory,omitempty"`
	Begin   *beginResult      `json:"begin,omitempty"`
	Ending  *endingResult     `json:"ending,omitempty"`
	Silent  *silentResult     `json:"silent,omitempty"`
	Rates   *ratesResult      `json:"rates,omitempty"`
	Stuck   *stuckResult      `json:"stuck,omitempty"`
}

func newResults() *results {
	return &results{Version: 1, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}
}

func (r *results) writeText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %s, %d CPUs; medians, and [least .. most]\n", r.Go, r.System, r.CPUs)
	if r.Rate != nil {
		r.Rate.write(t)
	}
	if r.Request != nil {
		r.Request.write(t)
	}
	if r.Idle != nil {
		r.Idle.write(t)
	}
	if r.Exit != nil {
		r.Exit.write(t)
	}
	if r.Broken != nil {
		r.Broken.write(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, table := range r.tables() {
		if _, err := fmt.Fprintf(w, "\n%s\n", table.text); err != nil {
			return err
		}
	}
	return nil
}

func heading(w io.Writer, title string, columns ...string) {
	fmt.Fprintf(w, "\n%s\n", title)
	row(w, columns...)
}

func row(w io.Writer, cells ...string) {
	fmt.Fprintf(w, "  %s\n", strings.Join(cells, "\t"))
}

// text writes the numbers with a verb such as %.1f.
func (s spread) text(verb string) string {
	return fmt.Sprintf(verb+" ["+verb+" .. "+verb+"]", s.Median, s.Min, s.Max)
}

func (p pair) row(w io.Writer, what, verb string) {
	ratio := ""
	if p.Ratio.Median > 0 {
		ratio = p.Ratio.text("%.3f")
	}
	row(w, what, fmt.Sprintf(verb, p.Bare.Median), fmt.Sprintf(verb, p.Ours.Median), p.Added.text(verb), ratio)
}

var pairColumns = []string{"", "net/http", "lameduck", "added", "ratio"}

func (r *rateResult) write(w io.Writer) {
	heading(w, fmt.Sprintf("Rate: %d keep-alive connections, servers on GOMAXPROCS=%d, %d requests", r.Conns, r.Procs, r.Requests), pairColumns...)
	r.Rate.row(w, "requests/s", "%.0f")
	if r.CPU != nil {
		r.CPU.row(w, "server CPU us/request", "%.2f")
	}
}

func (r *requestResult) write(w io.Writer) {
	heading(w, "Request: what one costs", pairColumns...)
	r.Path.row(w, "our path alone, ns", "%.1f")
	r.PathAllocs.row(w, "our path alone, allocations", "%.2f")
	r.OnSocket.row(w, "our path, and a socket's deadlines, ns", "%.1f")
	r.Whole.row(w, "through net/http, ns", "%.0f")
	r.WholeAllocs.row(w, "through net/http, allocations", "%.2f")
}

func (r *idleResult) write(w io.Writer) {
	heading(w, fmt.Sprintf("Idle: %d keep-alive connections in memory", r.Conns), pairColumns...)
	r.Bytes.row(w, "bytes/connection", "%.0f")
}

func (r *exitResult) write(w io.Writer) {
	heading(w, fmt.Sprintf("Exit: from SIGTERM, nothing in flight (lameduck: less Delay, %.0f ms; Quiet is %.0f ms)", r.DelayMS, r.QuietMS),
		"server", "connections", "runs", "ms")
	for _, x := range r.Rows {
		row(w, x.Server, x.Client, fmt.Sprint(x.Runs), x.TailMS.text("%.1f"))
	}
}

func (r *brokenResult) write(w io.Writer) {
	heading(w, fmt.Sprintf("Broken: POST requests at a termination, %d keep-alive clients, %.0f ms from SIGTERM to the close", r.Clients, r.WindowMS),
		"server", "think ms", "runs hit", "broken", "requests")
	for _, c := range r.Cells {
		row(w, c.Server, fmt.Sprintf("%.0f", c.ThinkMS), fmt.Sprintf("%d of %d", c.Hit, c.Runs), fmt.Sprint(c.Broken), fmt.Sprint(c.Requests))
	}
}
