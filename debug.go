package lameduck

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// Debug is [Process.Debug] on a server of a Process. On any other server it answers
// 501.
func Debug(w http.ResponseWriter, r *http.Request) {
	if p := ownerOf(r); p != nil {
		p.Debug(w, r)
		return
	}
	http.Error(w, "this server is not run by lameduck", http.StatusNotImplemented)
}

// Debug is a handler that answers why the process is still terminating: in which phase
// it is, and what it waits for, the oldest first, grouped by route if there are more
// than 20. It answers in text, or with the JSON of a [Status] if the request accepts
// application/json. Its requests do not count as late arrivals.
//
// The answer has paths and addresses of clients: serve it on an address that only
// operators can reach. The listeners of p close when the lame duck is over; an
// http.Server that is not added to p can answer until the process exits.
func (p *Process) Debug(w http.ResponseWriter, r *http.Request) {
	link.ExcludeFromLate(r)
	asked := r.Context().Value(term.Key)
	s, d := p.status(func(x item) bool {
		other, is := x.id.(*http.Request)
		return x.id == asked || is && x.on == asked && link.SameRequest(other, r)
	})
	w.Header().Set("Cache-Control", "no-store")
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s: %s\n\n%s", cmp.Or(s.Phase, "not running"), s.why(d, time.Now()), s.table(time.Now()))
}

// why is what the termination waits for, and for how long still.
func (s Status) why(d *term.Termination, now time.Time) string {
	if d == nil {
		return "no termination has begun"
	}
	after := fmt.Sprintf("%v after T0 (%s)", short.Round(now.Sub(d.T0)), d.By)
	left := func(until time.Time) time.Duration { return max(0, short.Round(until.Sub(now))) }
	switch s.Phase {
	case PhaseLameDuck:
		if d.Over.IsSet() || !now.Before(d.LameDuckEnd()) {
			return after + ", waiting for the stop signal"
		}
		return fmt.Sprintf("%s, serving on for at least %v", after, left(d.LameDuckEnd()))
	case PhaseFinishing:
		return fmt.Sprintf("%s, waiting for what is in flight; it will be cut in %v", after, left(d.CutAt()))
	default: // the cut, the closers and the end
		return fmt.Sprintf("%s, %v before the end of Grace", after, left(d.T0.Add(d.Clocks.Grace)))
	}
}

// table has the counts of s, and its outline.
func (s Status) table(now time.Time) string {
	type row struct {
		name string
		n    int
	}
	rows := []row{{"connections", s.Connections}}
	if !s.T0.IsZero() {
		rows = append(rows, row{"late connections", s.LateConnections}, row{"late requests", s.LateRequests},
			row{"closed idle", s.ClosedIdle}, row{"cut", s.Cut})
	}
	rows = append(rows, row{"in flight", len(s.InFlight)})
	width := 0
	for _, r := range rows {
		width = max(width, len(r.name))
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s  %d\n", width, r.name, r.n)
	}
	for _, line := range s.outline(now) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}
