package trial

import (
	"cmp"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// load is the traffic that is asked for.
func load(t traffic.Config) timeline.Load {
	l := timeline.Load{Rate: cmp.Or(t.Rate, traffic.DefaultRate), Method: cmp.Or(t.Method, "GET"), Path: cmp.Or(t.Path, "/"), Host: t.Host}
	patterns := t.Patterns
	if len(patterns) == 0 {
		patterns = traffic.Default()
	}
	for _, p := range patterns {
		l.Patterns = append(l.Patterns, p.Name)
	}
	return l
}

// Spec is what the diagnosis needs of the pod template.
func Spec(pod *manifest.Pod) timeline.Spec {
	s := timeline.Spec{Grace: pod.Grace, ReadinessHTTP: pod.Readiness != nil && pod.Readiness.HTTP != nil}
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
