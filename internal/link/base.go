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

// A base is what connections of every protocol have in common: when something came last,
// the interrupt of its Read, the read deadline that an interrupt replaces, and the moment
// to leave.
//
// What a request does not need comes first: it keeps what two connections that are beside
// each other in memory need for each request on cache lines of their own, which two
// processors would else take from each other.
type base struct {
	term.Moment
	deadline     sync.Mutex                       // held while an interrupt sets the read deadline, and while that is cleared
	born         int64                            // when it was accepted; this and the next are in nanoseconds after Origin
	lastActivity atomic.Int64                     // when something last came, or it went idle, during a termination; 0: never
	addr         atomic.Pointer[string]           // the client's address, if RemoteAddr may block; nil: not asked for, "": not known yet
	counted      atomic.Pointer[term.Termination] // the termination in which it was counted as a late connection

	net.Conn
	state        *term.State
	routes       *http.ServeMux // the server's Handler, if that is a ServeMux
	readDeadline atomic.Int64   // the read deadline, in nanoseconds after Origin; 0: none
	interrupted  atomic.Bool    // its Read was interrupted, so that it polls for a request one last time
	closed       atomic.Bool    // set under Mu
}

// now is the time in nanoseconds after Origin: 8 bytes, where a time.Time has 24.
func (c *base) now() int64 { return int64(time.Since(c.state.Origin)) }

// time is what now has returned.
func (c *base) time(at int64) time.Time { return c.state.Origin.Add(time.Duration(at)) }

// clearInterrupt takes an interrupt back, and sets the read deadline that it has replaced:
// by that net/http's timeouts still end a client that is slow to send its request.
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
		c.storeActivity()
	}
}

// storeActivity is apart so that noteActivity is inlined, which every request calls.
//
//go:noinline
func (c *base) storeActivity() { c.lastActivity.Store(c.now()) }

// silentSince is since when nothing has come on the connection: since something came
// last, since the connection was accepted, or since T0, whichever is the latest.
func (c *base) silentSince(d *term.Termination) time.Time {
	quiet := c.time(max(c.born, c.lastActivity.Load()))
	if quiet.Before(d.T0) {
		quiet = d.T0 // lastActivity may be from an earlier termination, which was taken back
	}
	return quiet
}

// late reports whether the connection came after T0.
func (c *base) late(d *term.Termination) bool { return c.time(c.born).After(d.T0) }

// mustLeave reports whether the connection has reached its moment to leave.
func (c *base) mustLeave(d *term.Termination) bool {
	return c.late(d) || c.state.Finishing.Load() || !time.Now().Before(d.LeaveAt(c.Share))
}

// arrive counts a request that came after T0, and its connection if that is late. Probes
// of the kubelet do not count: they would prolong the lame duck to its limit. undo takes
// the count back; it is nil if nothing was counted.
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

// keepReadDeadline keeps t, the read deadline that is about to be set, so that it can be
// set again after an interrupt.
func (c *base) keepReadDeadline(t time.Time) {
	if t.IsZero() && c.readDeadline.Load() == 0 {
		return // mostly there is none before and after, and a load costs less than a store
	}
	c.storeReadDeadline(t)
}

func (c *base) storeReadDeadline(t time.Time) {
	var at time.Duration
	if !t.IsZero() {
		at = cmp.Or(t.Sub(c.state.Origin), 1)
	}
	c.readDeadline.Store(int64(at))
}

// restoreReadDeadline sets the read deadline that an interrupt has replaced. If another
// one is set at the same moment, that must hold in the end.
func (c *base) restoreReadDeadline() {
	for {
		at := c.readDeadline.Load()
		var t time.Time
		if at != 0 {
			t = c.time(at)
		}
		if program.Protect(func() error { return c.Conn.SetReadDeadline(t) }) != nil {
			return // the connection is closed, or its method has panicked, which must not end the goroutine that reads
		}
		if c.readDeadline.Load() == at {
			return
		}
	}
}

// records returns the recordConn under TLS, nil in clear text.
func (c *base) records() *recordConn {
	if over, ok := c.Conn.(*tls.Conn); ok {
		s, _ := over.NetConn().(*recordConn)
		return s
	}
	return nil
}

// nameOf names a request that a handler may be at work on.
func (c *base) nameOf(r *http.Request) string { return requestName(r, c.routes) }
