package labtrial

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lab"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/traffic"
)

// TestHost: requests have the name that was asked for, or that a probe needs, or
// that of the workload.
func TestHost(t *testing.T) {
	probe := func(header, value string) *manifest.Probe {
		return &manifest.Probe{Handler: manifest.Handler{HTTP: &manifest.HTTPGet{Headers: [][2]string{{header, value}}}}}
	}
	for _, tt := range []struct {
		name  string
		asked string
		pod   manifest.Pod
		want  string
		note  bool
	}{
		{"no probe", "", manifest.Pod{}, "web", false},
		{"a probe without it", "", manifest.Pod{Readiness: probe("X-Host", "app.example")}, "web", false},
		{"a readiness probe with it", "", manifest.Pod{Readiness: probe("host", "app.example"), Liveness: probe("Host", "other")}, "app.example", true},
		{"a liveness probe with it", "", manifest.Pod{Readiness: &manifest.Probe{}, Liveness: probe("Host", "app.example")}, "app.example", true},
		{"--host", "asked.example", manifest.Pod{Readiness: probe("Host", "app.example")}, "asked.example", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var notes []string
			setting := lab.Config{Workload: &manifest.Workload{Name: "web", Pod: tt.pod}, Note: func(s string) { notes = append(notes, s) }}
			cfg := Config(setting, timeline.Rollout, traffic.Spec{Load: timeline.Load{Request: timeline.Request{Host: tt.asked}}})
			if cfg.Traffic.Host != tt.want {
				t.Errorf("host %q, want %q", cfg.Traffic.Host, tt.want)
			}
			if noted := strings.Contains(strings.Join(notes, ""), tt.want); noted != tt.note {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
