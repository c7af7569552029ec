package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestWorkloads: what is not a Deployment is rolled in its own way. A StatefulSet
// gives a pod's name again, a DaemonSet has no pod to spare.
func TestWorkloads(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, tt := range []struct {
		kind, server string
		finds        []string
	}{
		{"statefulset", "lameduck", nil},
		{"statefulset", "shutdown", []string{"closes-its-listener-too-early"}},
		{"daemonset", "lameduck", nil},
		{"daemonset", "default", []string{"exits-at-once"}},
	} {
		t.Run(tt.kind+" "+tt.server, func(t *testing.T) {
			t.Parallel()
			s := newNamespace(t, w)
			a := server(tt.server)
			a.replicas = 2
			kubectl(t, as(tt.kind, a), "apply", "-n", s.name, "-f", "-")
			s.kubectl("rollout", "status", tt.kind+"/"+a.name, "--timeout=90s")
			r := s.verifyFinds(tt.finds, tt.kind+"/"+a.name, "--workers=1", rate)
			if names := podNames(r); tt.kind == "statefulset" && (len(names) != 4 || !strings.HasSuffix(names[3], "#2")) {
				t.Errorf("pods %v, want two names, each twice", names)
			}
		})
	}
}

func podNames(r *result) (names []string) {
	for _, p := range r.Pods {
		names = append(names, p.Name)
	}
	return names
}

// as is the manifest with another kind of workload.
func as(kind string, a app) string {
	line := func(field string) *regexp.Regexp { return regexp.MustCompile(`(?m)^  ` + field + `: .*\n`) }
	text := line("strategy").ReplaceAllString(a.manifest(), "")
	switch kind {
	case "statefulset":
		return strings.Replace(strings.Replace(text, "kind: Deployment", "kind: StatefulSet", 1), "spec:\n", "spec:\n  serviceName: "+a.name+"\n", 1)
	case "daemonset":
		return strings.Replace(line("replicas").ReplaceAllString(text, ""), "kind: Deployment", "kind: DaemonSet", 1)
	}
	panic("no manifest of a " + kind)
}
