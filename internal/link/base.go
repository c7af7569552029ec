package link

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck/internal/program"
	"github.com/lameduck-dev/lameduck/internal/term"
)

// A base is what connections of every protocol have in common: since when nothing has
// come, the interrupt of its Read and the deadline that this replaces, the moment to leave.
type base struct {
	net.Conn
	state  *term.State
	routes *http.ServeMux // of the server, if that is its Handler
	born   int64          // when it was accepted; this and the next two are in nanoseconds after Origin

	lastActivity atomic.Int64                     // when it last went idle during a termination; 0: never
	readDeadline atomic.Int64                     // the read deadline; 0: none
	addr         atomic.Pointer[string]           // of the client, where RemoteAddr may block; "": it is not known yet
	counted      atomic.Pointer[term.Termination] // it was counted as a late connection of that one

	term.Moment
	interrupted atomic.Bool // its Read was interrupted, to poll for a request one last time
	closed      atomic.Bool // set under Mu
	deadline    sync.Mutex  // held while an interrupt sets the read deadline, and while that is cleared
}

// now is the time, as connections keep it: 8 bytes instead of 24.
func (c *base) now() int64 { return int64(time.Since(c.state.Origin)) }

// time is what now has returned.
func (c *base) time(at int64) time.Time { return c.state.Origin.Add(time.Duration(at)) }

// clearInterrupt takes an interrupt back. The deadline that it has replaced holds again:
// net/http's timeouts end a client that is slow to send its request.
func (c *base) clearInterrupt() {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if c.interrupted.Swap(false) {
		c.restoreReadDeadline()
	}
}

// noteActivity notes, during a termination, that something came just now.
func (c *base) noteActivity() {
	if c.state.Current.Load() != nil {
		c.lastActivity.Store(c.now())
	}
}

// silentSince is when something came last: the connection itself, if nothing has
// since, or T0 if that is later.
func (c *base) silentSince(d *term.Termination) time.Time {
	quiet := c.time(max(c.born, c.lastActivity.Load()))
	if quiet.Before(d.T0) {
		quiet = d.T0 // a termination that was taken back may have left its mark
	}
	return quiet
}

// late reports whether the connection came after T0.
func (c *base) late(d *term.Termination) bool { return c.time(c.born).After(d.T0) }

// mustLeave reports whether the connection has reached its moment to leave.
func (c *base) mustLeave(d *term.Termination) bool {
	return c.late(d) || c.state.Closing.Load() || !time.Now().Before(d.LeaveAt(c.Share))
}

// arrive counts a request that came after T0. Probes of the kubelet do not
// count: they would hold the lame duck open for ever. undo takes it back.
func (c *base) arrive(d *term.Termination, r *http.Request) (undo func()) {
	if strings.HasPrefix(r.UserAgent(), "kube-probe/") {
		return nil
	}
	undoConn := c.CountLate(d)
	undoReq := d.LateReq()
	return func() {
		undoConn()
		undoReq()
	}
}

// CountLate counts the connection, once, if it came after T0.
func (c *base) CountLate(d *term.Termination) (undo func()) {
	if !c.late(d) || c.counted.Swap(d) == d {
		return func() {}
	}
	undoLate := d.LateConn()
	return func() {
		undoLate()
		c.counted.Store(nil)
	}
}

// keepReadDeadline keeps t, which is about to be set, for the end of an interrupt.
func (c *base) keepReadDeadline(t time.Time) {
	var at time.Duration
	if !t.IsZero() {
		at = cmp.Or(t.Sub(c.state.Origin), 1)
	}
	if c.readDeadline.Load() != int64(at) { // for the most part there is none, and a load costs less
		c.readDeadline.Store(int64(at))
	}
}

// restoreReadDeadline sets the one that an interrupt has replaced. Another may be set in
// the same moment, and must win.
func (c *base) restoreReadDeadline() {
	for {
		at := c.readDeadline.Load()
		var t time.Time
		if at != 0 {
			t = c.time(at)
		}
		if program.Protect(func() error { return c.Conn.SetReadDeadline(t) }) != nil {
			return // the connection is closed, or has panicked: the goroutine that reads must not
		}
		if c.readDeadline.Load() == at {
			return
		}
	}
}

// records returns what is under TLS, nil in clear text.
func (c *base) records() *recordConn {
	if over, ok := c.Conn.(*tls.Conn); ok {
		s, _ := over.NetConn().(*recordConn)
		return s
	}
	return nil
}

// nameOf names a request that a handler may be at work on.
func (c *base) nameOf(r *http.Request) string { return requestName(r, c.routes) }
