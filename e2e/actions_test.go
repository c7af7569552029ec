package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestActions: every way in which the tool ends pods, with a server that loses
// nothing and with one that does. Afterwards all is as it was before.
func TestActions(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, tt := range []struct {
		server, action string
		replicas       int
		pods           int // that end
		finds          []string
	}{
		{"lameduck", "rollout", 3, 3, nil},
		{"lameduck", "delete", 1, 1, nil}, // it serves as the fallback until the next one is ready
		{"lameduck", "evict", 1, 1, nil},
		{"lameduck", "scale-down", 3, 1, nil},
		{"default", "delete", 1, 1, []string{"exits-at-once"}},
		{"default", "evict", 3, 1, []string{"exits-at-once"}},
		{"sleep-exit", "scale-down", 3, 1, []string{"cuts-keep-alive-at-exit"}},
	} {
		t.Run(tt.action+"/"+tt.server, func(t *testing.T) {
			t.Parallel()
			s := newNamespace(t, w)
			a := server(tt.server)
			a.replicas = tt.replicas
			s.deploy(a)
			before := s.belongings()
			r := s.verifyFinds(tt.finds, "deploy/"+a.name, "--action="+tt.action, "--workers=1", rate)
			r.wantEnded(t, tt.pods)
			s.wantBelongings(before)
		})
	}
}

// TestDrain: the pods leave one node, which takes pods again afterwards.
func TestDrain(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	cordoning.Lock()
	defer cordoning.Unlock()
	for _, tt := range []struct {
		server string
		finds  []string
	}{
		{"lameduck", nil},
		{"default", []string{"exits-at-once"}},
	} {
		a := server(tt.server)
		a.replicas, a.template = 3, spread
		var on int
		var before string
		r := s.prepareFinds(tt.finds, func() []string {
			s.kubectl("delete", "deployment", a.name, "--ignore-not-found", "--cascade=foreground", "--timeout=90s") // after a trial no pod is on the node
			s.deploy(a)
			node := s.kubectl("get", "pods", "-l", "app="+a.name, "-o", "jsonpath={.items[0].spec.nodeName}")
			on = len(strings.Fields(s.kubectl("get", "pods", "-l", "app="+a.name, "--field-selector=spec.nodeName="+node, "-o", "name")))
			before = s.state()
			return []string{"deploy/" + a.name, "--action=drain-node", "--node=" + node, "--workers=1", rate}
		})
		r.wantEnded(t, on)
		if diff := cmp.Diff(before, s.state()); diff != "" {
			t.Errorf("it has changed:\n%s", diff)
		}
	}
}

// spread puts pods on different nodes where there is room.
const spread = `topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchExpressions: [{key: app, operator: Exists}]}, matchLabelKeys: [pod-template-hash]}]`

// belongings is what there is in the namespace, as far as a trial could have
// changed it.
func (s *namespace) belongings() string {
	s.Helper()
	return strings.Join([]string{
		kubectl(s.T, "", "get", "namespace", s.name, "-o", "jsonpath={.metadata.labels}"),
		s.kubectl("get", "deployments", "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.labels} {.spec.replicas} {.spec.template.metadata.labels} {.spec.template.spec}{"\n"}{end}`),
		s.kubectl("get", "services", "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.labels} {.spec}{"\n"}{end}`),
		s.kubectl("get", "jobs,roles,rolebindings,serviceaccounts,configmaps,secrets,networkpolicies", "-o", "name"),
	}, "\n")
}

func (s *namespace) wantBelongings(before string) {
	s.Helper()
	if diff := cmp.Diff(before, s.belongings()); diff != "" {
		s.Errorf("it has changed:\n%s", diff)
	}
}
