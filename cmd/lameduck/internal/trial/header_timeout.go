package trial

import (
	"fmt"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// leastHead is the shortest time in which a head is still sent slowly.
const leastHead = 50 * time.Millisecond

// headTimeout is the shortest time after which a server ended a request while its
// head was still being sent, before any pod was terminated; 0 if none did. That is
// a setting of the server (ReadHeaderTimeout, http-request, headersTimeout), not a drop.
func (r *recorder) headTimeout() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	shortest := time.Duration(0)
	for i := range r.record.Attempts {
		a := &r.record.Attempts[i]
		if a.Control || a.Started == timeline.Never || !traffic.CutHead(a) {
			continue
		}
		if took := a.Ended - a.Started; shortest == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest
}

// shorterHead is the time in which heads are sent to a server that ended a request after
// timeout: half of it, so that a server that also counts the time in which a
// connection was idle, or a client that is late, does not meet it again.
// It is 0 if that is no slow head any more.
func shorterHead(timeout time.Duration) time.Duration {
	if timeout/2 < leastHead {
		return 0
	}
	return timeout / 2
}

func headNote(timeout, head time.Duration) string {
	return fmt.Sprintf("the server ended requests whose head was not complete after %v (its header time-out): slow heads are sent within %v",
		timeout.Round(10*time.Millisecond), head.Round(10*time.Millisecond))
}
