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

// minDelay: a shorter time of serving after T0 is no delay. kube-proxy itself
// gathers changes for 1 s.
const minDelay = time.Second
