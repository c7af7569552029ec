package diagnose

import (
	"fmt"
	"time"
)

// seconds writes a moment or a long duration, span a short one.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func span(d time.Duration) string {
	if d = max(d, 0); d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return seconds(d)
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// minDelay is a definition: a server that stops within it has stopped at once, and one that
// serves for longer has a delay, however long that should be. kube-proxy itself gathers changes
// for 1 s (minSyncPeriod), so a shorter delay ends before the first node can know of it.
const minDelay = time.Second
