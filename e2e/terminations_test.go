package e2e

import (
	"strings"
	"testing"
)

// TestTerminations: what ends a pod before its own grace period does.
func TestTerminations(t *testing.T) {
	w := need(t)
	t.Parallel()
	force := []string{"--grace-period=0", "--force"}
	for _, tt := range []struct {
		name   string
		app    app
		delete []string // flags of kubectl delete
		finds  []string
		exit   string // its code; unknown: the kubelet does not report it
	}{
		{"outlives-its-grace", app{name: "hang", args: []string{"hang"}, grace: 5}, nil, []string{"ignores-the-signal"}, "137, killed"},
		{"shorter-grace", server("lameduck"), []string{"--grace-period=5"}, []string{"grace-shorter-than-delay"}, "137, killed"},
		{"shorter-grace-and-told", app{name: "lameduck", args: []string{"lameduck"}, env: inFiveSeconds}, []string{"--grace-period=5"}, nil, "0"},
		{"force", server("default"), force, []string{"deleted-by-force"}, "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t, w)
			tt.app.replicas = 2
			s.deploy(tt.app)
			v := s.watch("deploy/"+tt.app.name, "--for=25s", "--workers=1", "--traffic=new,keepalive", rate)
			pod := s.anyPod(tt.app)
			s.kubectl(append([]string{"delete", pod, "--wait=false"}, tt.delete...)...)
			r := v.result(t)
			r.wantFindings(t, tt.finds...)
			if got := r.pod(pod).exit(); got != tt.exit {
				t.Errorf("%s: exit %s, want %s", pod, got, tt.exit)
			}
		})
	}
}

// inFiveSeconds is for short requests: there is half a second left for the
// last of them.
var inFiveSeconds = []string{"LAMEDUCK_GRACE=5s", "LAMEDUCK_DELAY=3500ms", "LAMEDUCK_QUIET=500ms", "LAMEDUCK_RESERVE=500ms"}

// anyPod is one of the app's, as in pod/NAME.
func (s *space) anyPod(a app) string {
	s.Helper()
	return strings.Fields(s.kubectl("get", "pods", "-l", "app="+a.name, "-o", "name"))[0]
}

// podOn is one of the app's on a node.
func (s *space) podOn(a app, node string) string {
	s.Helper()
	pods := strings.Fields(s.kubectl("get", "pods", "-l", "app="+a.name, "--field-selector=spec.nodeName="+node, "-o", "name"))
	if len(pods) == 0 {
		s.Fatalf("no pod of %s is on %s", a.name, node)
	}
	return pods[0]
}

// event reports whether the kubelet has said such a thing of the pod.
func (s *space) event(pod, reason string) bool {
	s.Helper()
	return s.kubectl("get", "events", "--field-selector=reason="+reason+",involvedObject.name="+strings.TrimPrefix(pod, "pod/"), "-o", "name") != ""
}
