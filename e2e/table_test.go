package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tablePage = "../docs/LAB_AND_CLUSTER.md"

// tableCase is a server that is tried in both places.
type tableCase struct {
	name     string
	manifest func(t *testing.T) string
	deploy   string                      // the Deployment's name
	command  func(t *testing.T) []string // what the lab runs in place of the image
	actions  []string                    // besides rollout
}

// tableCases are those of TestServers and the example app.
func tableCases() []tableCase {
	var all []tableCase
	for _, tt := range serverCases() {
		c := tableCase{name: tt.name, deploy: tt.name, manifest: func(*testing.T) string { return tt.manifest() }}
		c.command = func(t *testing.T) []string { return append([]string{build(t, "./e2e/server")}, tt.args...) }
		if tt.image != "" {
			c.command = func(*testing.T) []string { return []string{"python3", "images/python/server.py"} }
		}
		if slices.Contains([]string{"default", "shutdown", "sleep-exit", "lameduck"}, tt.name) {
			c.actions = []string{"delete", "scale-down"}
		}
		all = append(all, c)
	}
	for _, variant := range []string{"", "prestop-sleep", "prestop-http"} {
		all = append(all, tableCase{
			name: strings.TrimSuffix("example app, "+variant, ", "), deploy: "graceful-shutdown-app",
			manifest: func(t *testing.T) string { return example(t, variant) },
			command:  func(t *testing.T) []string { return []string{build(t, "./cmd/app")} },
		})
	}
	return all
}

// example is deploy/kubernetes.yaml, as one of its variants.
func example(t *testing.T, variant string) string {
	t.Helper()
	if variant == "" {
		text, err := os.ReadFile("../deploy/kubernetes.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	dir, err := os.MkdirTemp("..", ".variant-") // kustomize takes no absolute paths
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	overlay := fmt.Sprintf("resources: [../deploy]\ncomponents: [../deploy/variants/%s]\n", variant)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o644); err != nil {
		t.Fatal(err)
	}
	return kubectl(t, "", "kustomize", dir)
}

// build compiles a program of this repository for this machine.
func build(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, pkg)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// row is one line of the table: what each place found for a server whose pods
// are replaced in one way under one pattern of traffic.
type row struct{ server, action, pattern, lab, cluster string }

func (r row) key() [3]string { return [3]string{r.server, r.action, r.pattern} }

// killed are the findings of a pod that is killed at the end of its grace
// period. Which of them it is hangs on whether process 1 has a handler for the
// signal. The lab looks; on a cluster it has to be concluded from what the pod did.
var killed = []string{"ignores-the-signal", "grace-shorter-than-delay"}

// why explains how the answers differ: "" if they do not, unexplained if
// nothing does.
func (r row) why() string {
	switch {
	case r.lab == r.cluster:
		return ""
	case slices.Contains(killed, r.lab) && slices.Contains(killed, r.cluster):
		return "killed at the end of its grace period in both; only the lab can see whether process 1 has a handler"
	}
	return unexplained
}

const unexplained = "not explained"

var patterns = []string{"new", "keepalive", "slow"}

// TestTable: the committed table has a line for every server, action and
// pattern, and both places find the same in each, or it is known why not. With
// -update it is made again; with -run TestTable/trials/SERVER, that of a server.
func TestTable(t *testing.T) {
	w := need(t)
	if *update {
		writeTable(t, w)
	}
	table := readTable(t)
	for _, c := range tableCases() {
		for _, action := range append([]string{"rollout"}, c.actions...) {
			for _, pattern := range patterns {
				r, found := table[row{server: c.name, action: action, pattern: pattern}.key()]
				switch {
				case !found:
					t.Errorf("%s has no line for %s, %s, %s: write it with -update", tablePage, c.name, action, pattern)
				case r.why() == unexplained:
					t.Errorf("%s, %s, %s: the lab found %q, the cluster %q", c.name, action, pattern, r.lab, r.cluster)
				}
			}
		}
	}
}

// wantTable: what was found for a server now is what the table has for its
// rolling update. A few drops of a pattern weigh as little as in ids.
func (r *result) wantTable(t *testing.T, server string) {
	t.Helper()
	table := readTable(t)
	var known []string
	for _, pattern := range patterns {
		cell := table[row{server: server, action: "rollout", pattern: pattern}.key()].cluster
		if cell != none {
			known = append(known, strings.Split(cell, ", ")...)
		} else if n := r.dropped(pattern); r.weighs(n) {
			t.Errorf("%d drops of %s, and the table has none\n%s", n, pattern, r)
		}
	}
	if !slices.Equal(faults(known), faults(r.ids())) {
		t.Errorf("found %v, the table has %v\n%s", r.ids(), known, r)
	}
}

// faults are the findings, those that cannot be distinguished as one.
func faults(ids []string) []string {
	ids = slices.Clone(ids)
	for i := range ids {
		if slices.Contains(killed, ids[i]) {
			ids[i] = killed[0]
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// none is what the table has for a run that passed. Else it has the findings.
const none = "no"

func readTable(t *testing.T) map[[3]string]row {
	t.Helper()
	page, err := os.ReadFile(tablePage)
	if err != nil {
		t.Fatal(err)
	}
	table := map[[3]string]row{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|\n"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 6 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		r := row{cells[0], cells[1], cells[2], cells[3], cells[4]}
		table[r.key()] = r
	}
	return table
}

// writeTable makes every trial in both places.
func writeTable(t *testing.T, w *environment) {
	var rows []*row
	before := readTable(t)
	t.Run("trials", func(t *testing.T) {
		for _, c := range tableCases() {
			for _, action := range append([]string{"rollout"}, c.actions...) {
				var mine []*row
				for _, pattern := range patterns {
					r := row{server: c.name, action: action, pattern: pattern}
					r.lab, r.cluster = before[r.key()].lab, before[r.key()].cluster
					mine = append(mine, &r)
				}
				rows = append(rows, mine...)
				t.Run(c.name+"/"+action, func(t *testing.T) {
					t.Parallel()
					c.try(t, w, action, mine)
				})
			}
		}
	})
	if t.Failed() {
		return
	}
	var text strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s |\n", r.server, r.action, r.pattern, r.lab, r.cluster, r.why())
	}
	replaceSection(t, tablePage, "table", text.String())
}

// try fills in the rows of one action.
func (c tableCase) try(t *testing.T, w *environment, action string, rows []*row) {
	s := newNamespace(t, w)
	manifest := c.manifest(t)
	kubectl(t, manifest, "apply", "-n", s.name, "-f", "-")
	s.kubectl("rollout", "status", "deployment/"+c.deploy, "--timeout=90s")
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	command := append([]string{"--"}, c.command(t)...)
	for _, r := range rows {
		args := []string{"--action=" + action, "--traffic=" + r.pattern, "--rate=100"}
		if action == "scale-down" {
			args = append(args, "--replicas=2")
		}
		r.cluster = answer(t, func() *result { return s.verify(append(args, "--workers=1", "deploy/"+c.deploy)...) })
		r.lab = answer(t, func() *result {
			return verify(t, w.tool, slices.Concat(args, []string{"--nodes=1", "-f", path}, command)...)
		})
	}
}

// answer is the result of a trial whose control target never failed: on a machine
// that drops by itself it is made again.
func answer(t *testing.T, trial func() *result) string {
	t.Helper()
	for range 3 {
		switch r := trial(); {
		case r.Control.Failed > 0:
		case len(r.Findings) == 0 && r.Dropped == 0:
			return none
		default:
			return strings.Join(r.ids(), ", ")
		}
	}
	t.Fatal("the machine drops by itself, three times")
	return ""
}
