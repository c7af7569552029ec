package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// Demo is the object that "demo -o json" prints.
type Demo struct {
	Version int      `json:"version"`
	Servers []Server `json:"servers"`
}

// Server is one server of the demo: its name, and all fields of its Report.
type Server struct {
	Name string `json:"name"`
	*Report
}

// NewDemo puts the servers side by side, in the order given.
func NewDemo(servers ...Server) *Demo {
	return &Demo{Version: Version, Servers: append([]Server{}, servers...)}
}

// DemoText writes one table of all servers, and one sentence each on why.
func DemoText(w io.Writer, d *Demo, colour bool) error {
	p := &printer{colour: colour}
	var rows [][]string
	for _, s := range d.Servers {
		rows = append(rows, serverRows(s)...)
	}
	p.table([]string{"SERVER", "PATTERN", ">ATTEMPTS", ">DROPPED", ">SIGTERM TO EXIT", "CAUSES"}, rows)
	p.line("")
	p.reasons(d.Servers)
	p.line("")
	p.void(d.Servers)
	p.control(d.Servers)
	return p.writeTo(w)
}

func serverRows(s Server) [][]string {
	var rows [][]string
	for _, t := range s.Traffic {
		rows = append(rows, []string{"", t.Pattern, finding.Number(t.Attempts), finding.Number(t.Dropped), "", causes(t.Causes)})
	}
	if len(rows) == 0 {
		rows = [][]string{{"", "-", "0", "0", "", "-"}}
	}
	rows[0][0], rows[0][4] = s.Name, toExit(s.Pods)
	return rows
}

// toExit is the time from the stop signal to the exit, of the pod that took
// longest.
func toExit(pods []Pod) string {
	longest, killed := -1.0, false
	for _, p := range pods {
		if p.Signalled == nil || p.Exited == nil {
			continue
		}
		longest, killed = max(longest, *p.Exited-*p.Signalled), killed || p.Killed
	}
	switch {
	case longest < 0:
		return "-"
	case killed:
		return fmt.Sprintf("%.2f s, killed", longest/1000)
	}
	return fmt.Sprintf("%.2f s", longest/1000)
}

func (p *printer) reasons(servers []Server) {
	widest := 0
	for _, s := range servers {
		widest = max(widest, len(s.Name))
	}
	for _, s := range servers {
		as := bad
		if s.Verdict == finding.Pass {
			as = good
		}
		padded := fmt.Sprintf("%-*s", widest+2, s.Name)
		for i, line := range wrap(why(s.Report), width-widest-2) {
			if i == 0 {
				p.line("%s%s", p.style(as, padded), line)
			} else {
				p.line("%*s%s", widest+2, "", line)
			}
		}
	}
}

// why is one sentence from the heaviest finding; other findings are named.
func why(r *Report) string {
	switch {
	case r.Attempts == 0:
		return "No attempt was made, so there is no result."
	case r.Verdict == finding.Inconclusive && len(r.Findings) == 0:
		return "Inconclusive: " + r.Reason
	case len(r.Findings) == 0:
		connections, requests := 0, 0
		for _, p := range r.Pods {
			connections += p.Late.Connections
			requests += p.Late.Requests
		}
		return fmt.Sprintf("Nothing was dropped: %s, %s of them on new connections, arrived after the signal, and each was served.",
			finding.Count(requests, "request"), finding.Number(connections))
	}
	ids := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		ids[i] = f.ID
	}
	return fmt.Sprintf("%s (%s)", r.Findings[0].Summary, strings.Join(ids, "; also "))
}

// void writes what the table does not count, if there is any.
func (p *printer) void(servers []Server) {
	all := 0
	for _, s := range servers {
		all += s.Void
	}
	if all > 0 {
		p.prose("void: ", voidLine(all))
	}
}

// control sums up the noise floor of all servers.
func (p *printer) control(servers []Server) {
	var c Control
	for _, s := range servers {
		c.Attempts += s.Control.Attempts
		c.Failed += s.Control.Failed
	}
	p.line("control: %s", controlLine(c))
	if c.Failed > 0 {
		p.prose("", "This machine itself fails at that rate: only clearly more failures are caused by the servers. Run again on a less busy machine.")
	}
}
