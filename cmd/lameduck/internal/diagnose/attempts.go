package diagnose

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// What follows reads the phase and the class of an attempt, which are the same
// for every protocol. The cause is for reports.

// timedOut reports whether the client got no answer in time, or could not start
// because others waited.
func timedOut(a *timeline.Attempt) bool { return a.Class == timeline.ClassTimedOut }

// cutByServer reports whether the connection of the attempt ended before the
// attempt did.
func cutByServer(a *timeline.Attempt) bool {
	return a.Conn != 0 && (a.Class == timeline.ClassCut || a.Class == timeline.ClassTruncated)
}

// answeredWithError reports whether the server answered, and with an error: a
// response with status 5xx, or what stands for it in another protocol.
func answeredWithError(a *timeline.Attempt) bool {
	return a.Class == timeline.ClassErrorAnswer && a.Cause != timeline.Malformed
}

// notAccepted reports whether the new connection of the attempt was not
// accepted, and since when that is known. A connection that waits in the accept
// queue of a server that no longer accepts looks established, and is never
// answered.
func notAccepted(a *timeline.Attempt) (time.Duration, bool) {
	waits := timedOut(a) && (a.Phase == timeline.DialPhase || !a.Reused && a.Bytes == 0)
	switch {
	case a.Started == never: // not even tried
	case waits:
		return a.Started, true
	case a.Class == timeline.ClassRefused, a.Class == timeline.ClassUnreachable, a.Dropped() && a.Conn == 0:
		return a.Ended, true
	}
	return never, false
}

// queued reports whether the attempt may have waited behind others when it was
// cut: beside a backlog nothing shows that the server had begun with it.
func queued(a *timeline.Attempt) bool { return cutByServer(a) && !a.Reused && a.Bytes == 0 }
