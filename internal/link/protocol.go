package link

import (
	"net/http"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// A protocol is what differs between HTTP/1, HTTP/2 and raw connections at their end. What
// every request needs is not here but called directly, which is faster.
type protocol interface {
	// closable reports whether no request has begun, as far as that is known outside
	// of the goroutine that reads.
	closable() bool
	// dueAt is when a closable connection may be closed, if nothing has come on it since
	// quiet.
	dueAt(d *term.Termination, quiet time.Time) time.Time

	// midRequest reports, to the reader, whether a part of a request has come and the rest
	// has not. keep notes that a request has begun; record: a part of a TLS record has come.
	midRequest() bool
	keep(record bool)

	// leaveAt is when the client is to be asked to leave. asks reports whether leave can
	// ask it at any time, without an answer to a request.
	leaveAt(d *term.Termination) time.Time
	asks() bool
	leave()
	// finish announces to the client that the connection is about to be closed; confirmed
	// reports whether the client had confirmed that it begins nothing more on it.
	finish()
	confirmed() bool
	// release is called when the connection has been closed. It returns false if a
	// handler is still at work.
	release() bool

	// inFlight appends what is under way, count is how many items that is, and
	// excludeFromLate takes a request out of the late arrivals.
	inFlight(to []Item) []Item
	count() int
	excludeFromLate(r *http.Request)
}
