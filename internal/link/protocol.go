package link

import (
	"net/http"
	"time"

	"github.com/lameduck-dev/lameduck/internal/term"
)

// A protocol is the protocol of a connection, as far as the end of it is concerned. What
// every request needs is not here: that is called directly.
type protocol interface {
	// closable reports whether no request has begun, as far as that is known outside
	// of the goroutine that reads.
	closable() bool
	// dueAt is when a closable connection may be closed, on which nothing has come since
	// quiet.
	dueAt(d *term.Termination, quiet time.Time) time.Time

	// midRequest reports, to the reader, whether a request has begun of which not all has
	// come. keep notes that one has; record: a part of a TLS record has come.
	midRequest() bool
	keep(record bool)

	// leaveAt is when the client is to be asked to leave. asks reports whether it can be
	// asked without a request, as leave does.
	leaveAt(d *term.Termination) time.Time
	asks() bool
	leave()
	// finish announces to the client that the connection is about to be closed; confirmed
	// reports whether the client has confirmed before that it expects that.
	finish()
	confirmed() bool
	// release is called when the connection has been closed. It returns false if a
	// handler is still at work.
	release() bool

	// inFlight appends what is under way, count is how much that is, and excludeFromLate takes a request out of the
	// late arrivals.
	inFlight(to []Item) []Item
	count() int
	excludeFromLate(r *http.Request)
}
