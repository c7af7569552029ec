package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// timedOut reports whether the client got no answer in time, or could not start
// because others waited.
func timedOut(a *timeline.Attempt) bool {
	return a.Cause == timeline.Timeout || a.Cause == timeline.DialTimeout
}

// cutByServer reports whether the connection of the attempt ended before the
// attempt did.
func cutByServer(a *timeline.Attempt) bool {
	if a.Conn == 0 {
		return false
	}
	return a.Cause == timeline.EOF || a.Cause == timeline.Reset || a.Cause == timeline.Truncated
}

// notAccepted reports whether the new connection of the attempt was not
// accepted, and since when that is known. A connection that waits in the accept
// queue of a server that no longer accepts looks established, and is never
// answered.
func notAccepted(a *timeline.Attempt) (time.Duration, bool) {
	switch {
	case a.Started == never: // not even tried
	case a.Cause == timeline.DialTimeout, a.Cause == timeline.Timeout && !a.Reused && a.Bytes == 0:
		return a.Started, true
	case a.Cause == timeline.Refused, a.Cause == timeline.Unreachable, a.Dropped() && a.Conn == 0:
		return a.Ended, true
	}
	return never, false
}
