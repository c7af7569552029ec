package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// update makes the tests that write pages of docs/ do so:
//
//	NETNSKUBE_NAME=e2e E2E=1 IMAGES="$(go run ./e2e/cmd/images)" bin/netnskube exec -- go test ./e2e -timeout 30m -run 'TestPropagation|TestTable' -update
var update = flag.Bool("update", false, "measure again, and rewrite docs/PROPAGATION.md and docs/LAB_AND_CLUSTER.md")

// A setting is a way to take pods out of the endpoints: how soon one change
// follows another is what matters to kube-proxy.
type setting struct {
	name, means string
	app
	args []string
	runs int
}

func settings() []setting {
	brief := func(name string, replicas int, eager bool) app {
		return app{name: name, args: []string{"lameduck"}, replicas: replicas, eager: eager, grace: 30, env: []string{"LAMEDUCK_DELAY=3s", "LAMEDUCK_QUIET=1s"}}
	}
	return []setting{
		{"idle", "one of 3 pods is evicted, after seconds of quiet", brief("idle", 3, false), []string{"--action=evict"}, 12},
		{"rollout", "1 pod is replaced, minReadySeconds 2", brief("rollout", 1, false), []string{"--action=rollout", "--rounds=20"}, 1},
		{"churn", "3 pods are replaced, minReadySeconds 0", brief("churn", 3, true), []string{"--action=rollout", "--rounds=8"}, 1},
	}
}

// TestPropagation measures how late kube-proxy is in each setting, on every
// node, one after another. With -update it rewrites the section of the page
// that is about the cluster's proxy mode, with -run TestPropagation/SETTING one
// line of it; without, one rolling update has to give samples of known nodes.
func TestPropagation(t *testing.T) {
	w := need(t)
	if !*update {
		s := newNamespace(t, w)
		rollout := settings()[1]
		s.deploy(rollout.app)
		r := s.verifyFinds(nil, "deploy/"+rollout.app.name, "--workers=2", "--traffic=new", "--rate=200")
		nodes := strings.Fields(kubectl(t, "", "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"))
		for _, p := range r.Propagation {
			if !slices.Contains(nodes, p.Node) || len(p.Lags) != 1 {
				t.Errorf("%d samples of %q, want 1 of one of %v", len(p.Lags), p.Node, nodes)
			}
		}
		if len(r.Propagation) == 0 {
			t.Error("no samples")
		}
		return
	}
	mode := kubectl(t, "", "get", "--raw", "/api/v1/nodes/"+firstNode(t)+":10249/proxy/proxyMode")
	for _, set := range settings() {
		t.Run(set.name, func(t *testing.T) {
			all := set.measure(t, w)
			t.Logf("%.0f ms", all.lags())
			if t.Failed() {
				t.Fatal("nothing is written: where anything was dropped, the machine was too busy to measure by")
			}
			replaceRow(t, mode, set.name, all.propagationRow(set))
		})
	}
}

// measure pools the samples of the setting's runs.
func (set setting) measure(t *testing.T, w *environment) *result {
	s := newNamespace(t, w)
	s.deploy(set.app)
	all := new(result)
	for range set.runs {
		r := s.verify(append(set.args, "deploy/"+set.app.name, "--workers=2", "--traffic=new", "--rate=400")...)
		r.wantFindings(t)
		all.Propagation = append(all.Propagation, r.Propagation...)
	}
	s.kubectl("delete", "deployment,service", "--all", "--wait")
	return all
}

const propagationPage = "../docs/PROPAGATION.md"

// lags are the samples of all nodes, the shortest first.
func (r *result) lags() []float64 {
	var all []float64
	for _, n := range r.Propagation {
		all = append(all, n.Lags...)
	}
	slices.Sort(all)
	return all
}

func (r *result) propagationRow(set setting) string {
	all, within, nodes := r.lags(), 0.0, map[string]bool{}
	for _, n := range r.Propagation {
		within, nodes[n.Node] = max(within, n.Within), true
	}
	at := func(q int) float64 { return all[max(0, (len(all)*q+99)/100-1)] }
	return fmt.Sprintf("| %s | %s | %d | %d | %.0f ms | %.0f ms | %.0f ms | %.0f ms | %.0f ms |\n",
		set.name, set.means, len(nodes), len(all), at(0), at(50), at(90), at(100), within)
}

func firstNode(t *testing.T) string {
	t.Helper()
	return kubectl(t, "", "get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
}

// replaceRow writes the line of a setting in the section of a proxy mode.
func replaceRow(t *testing.T, mode, setting, row string) {
	t.Helper()
	var rows strings.Builder
	for _, set := range settings() {
		for line := range strings.Lines(section(t, propagationPage, mode)) {
			if set.name != setting && strings.HasPrefix(line, "| "+set.name+" |") {
				rows.WriteString(line)
			}
		}
		if set.name == setting {
			rows.WriteString(row)
		}
	}
	replaceSection(t, propagationPage, mode, rows.String())
}

// section is what is between the two marks of that name in a page.
func section(t *testing.T, path, name string) string {
	t.Helper()
	_, text, _ := cutSection(t, path, name)
	return text
}

// replaceSection writes another text there.
func replaceSection(t *testing.T, path, name, text string) {
	t.Helper()
	before, _, after := cutSection(t, path, name)
	if err := os.WriteFile(path, []byte(before+text+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func cutSection(t *testing.T, path, name string) (before, text, after string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	text, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no section %s", path, name)
	}
	return before + begin, text, end + after
}
