package trial

import (
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Spec is what the diagnosis needs of the pod template.
func Spec(pod *manifest.Pod) timeline.Spec {
	s := timeline.Spec{Grace: pod.Grace, StopSignal: pod.StopSignal, ReadinessHTTP: pod.Readiness != nil && pod.Readiness.HTTP != nil}
	s.PreStop, s.PreStopSleep = preStop(pod.PreStop)
	return s
}

func preStop(h *manifest.Handler) (kind string, sleep time.Duration) {
	switch {
	case h == nil:
		return "", 0
	case h.Sleep != nil:
		return "sleep", *h.Sleep
	case h.HTTP != nil:
		return "httpGet", 0
	}
	return "exec", 0
}
