package lameduck

import (
	"time"

	"github.com/lameduck-dev/lameduck/internal/short"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// logBegin writes that the lame duck has begun.
func (p *Process) logBegin(d *term.Termination) {
	open := p.conns.List()
	attrs := []any{"by", d.By, "delay", d.Clocks.Delay, "quiet", d.Clocks.Quiet, "grace", d.Clocks.Grace,
		"connections", len(open), "in_flight", countRequests(open)}
	if passed := p.clocks.Grace - d.Clocks.Grace; passed > 0 {
		attrs = append(attrs, "after_prestop", short.Round(passed))
	}
	p.log.Info("lame duck: serving on, asking clients to leave", attrs...)
}

// logFinishing writes that the lame duck is over.
func (p *Process) logFinishing(d *term.Termination) {
	open := p.conns.List()
	p.log.Info("finishing: no new connections, and what is in flight finishes", "after", short.Round(time.Since(d.T0)),
		"late_connections", d.LateConns.Load(), "late_requests", d.LateReqs.Load(),
		"connections", len(open), "in_flight", countRequests(open))
}

// logEnd writes the summary to the log and to the termination log.
func (p *Process) logEnd(d *term.Termination, err error) {
	attrs := []any{"by", d.By, "after", short.Round(time.Since(d.T0)),
		"late_connections", d.LateConns.Load(), "late_requests", d.LateReqs.Load(),
		"closed_idle", p.conns.ClosedIdle.Load()}
	if at := d.LastConn.Load(); at >= 0 {
		attrs = append(attrs, "last_late_connection", short.Round(time.Duration(at)))
	}
	if at := d.LastReq.Load(); at >= 0 {
		attrs = append(attrs, "last_late_request", short.Round(time.Duration(at)))
	}
	if n := p.conns.ReleaseWaiting(); n > 0 {
		attrs = append(attrs, "hijacked_and_lost", n)
	}
	if err == nil {
		p.log.Info("terminated: nothing was cut", attrs...)
	} else {
		p.log.Error("terminated", append(attrs, "error", summary(oneByOne(err), maxText))...)
	}
	writeMessage(p.TerminationLog, terminationMessage(attrs, err))
}
