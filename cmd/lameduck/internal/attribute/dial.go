package attribute

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// dial is an attempt that made no connection, and whose pod is to be concluded.
type dial struct {
	at         time.Duration // the moment that it is evidence for
	unanswered bool          // its SYN was
	pod        string
	by         timeline.By
}

func newDial(a *timeline.Attempt) dial {
	if a.Cause == timeline.DialTimeout {
		return dial{at: a.Started, unanswered: true} // the SYN was sent long before the dial times out
	}
	return dial{at: a.Ended} // a refusal comes immediately
}
