package lameduck

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// terminationLog is where the kubelet reads a container's last words
// (terminationMessagePath's default); kubectl describe pod shows them.
var terminationLog = "/dev/termination-log"

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// inFlight says what is under way on the connection, "" if nothing is.
func (c *conn) inFlight() string {
	switch r := c.doing.Load(); r {
	case nil:
		return ""
	case reading:
		return fmt.Sprintf("a request that is still being read, from %v", c.RemoteAddr())
	case hijacked:
		return fmt.Sprintf("hijacked connection from %v, open for %v", c.RemoteAddr(), round(time.Since(c.born)))
	default:
		path, _, _ := strings.Cut(r.RequestURI, "?") // a query may hold secrets
		return fmt.Sprintf("%s %s from %v", r.Method, path, c.RemoteAddr())
	}
}

func (p *Process) countInFlight() (n int) {
	for _, c := range p.conns.list() {
		if !c.closable() {
			n++
		}
	}
	return n
}

func (p *Process) logBegin(d *drain) {
	p.Log.Info("lame duck: serving on, asking clients to leave", "by", d.by,
		"delay", d.clocks.delay, "quiet", d.clocks.quiet, "grace", d.clocks.grace,
		"connections", len(p.conns.list()), "in_flight", p.countInFlight())
}

func (p *Process) logClosing(d *drain) {
	p.Log.Info("closing: finishing what is in flight", "after", round(time.Since(d.t0)),
		"late_connections", d.lateConns.Load(), "late_requests", d.lateReqs.Load(),
		"connections", len(p.conns.list()), "in_flight", p.countInFlight())
}

// logEnd writes the summary: to the log, and where the kubelet reads it.
func (p *Process) logEnd(d *drain, err error) {
	attrs := []any{"by", d.by, "after", round(time.Since(d.t0)),
		"late_connections", d.lateConns.Load(), "late_requests", d.lateReqs.Load(),
		"closed_idle", p.closedIdle.Load()}
	if at := d.lastConn.Load(); at >= 0 {
		attrs = append(attrs, "last_late_connection", round(time.Duration(at)))
	}
	if at := d.lastReq.Load(); at >= 0 {
		attrs = append(attrs, "last_late_request", round(time.Duration(at)))
	}
	if err == nil {
		p.Log.Info("terminated: nothing was cut", attrs...)
	} else {
		p.Log.Error("terminated", append(attrs, "error", err)...)
	}
	leaveLastWords(lastWords(attrs, err))
}

// lastWords is the summary on one line, then the errors: at most 4 KiB, what
// the kubelet keeps.
func lastWords(attrs []any, err error) string {
	var b strings.Builder
	b.WriteString("lameduck:")
	for i := 0; i < len(attrs); i += 2 {
		fmt.Fprintf(&b, " %v=%v", attrs[i], attrs[i+1])
	}
	if err == nil {
		b.WriteString(" cut=0")
	} else {
		fmt.Fprintf(&b, "\n%v", err)
	}
	words := b.String() + "\n"
	return words[:min(len(words), 4096)]
}

// leaveLastWords writes to the termination log, if there is one: outside of
// a pod there is not, and none is made.
func leaveLastWords(words string) {
	f, err := os.OpenFile(terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(words)
}
