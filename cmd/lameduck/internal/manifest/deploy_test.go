package manifest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v4"
)

const deployDir = "../../../../deploy"

// variants are the components of deploy/kustomization.yaml, each alone and in
// the combinations that make sense.
var variants = map[string][]string{
	"base":                     nil,
	"prestop-sleep":            {"prestop-sleep/patch"},
	"prestop-http":             {"prestop-http/patch"},
	"prestop-exec":             {"prestop-exec/patch"},
	"replicated":               {"replicated/anti-affinity"},
	"prestop-sleep replicated": {"prestop-sleep/patch", "replicated/anti-affinity"},
	"prestop-http replicated":  {"prestop-http/patch", "replicated/anti-affinity"},
}

func TestDeployReadsAsIntended(t *testing.T) {
	got, err := ReadFile(deployDir+"/kubernetes.yaml", Choice{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(path string, period, timeout time.Duration) *Probe {
		return &Probe{
			Handler: Handler{HTTP: &HTTPGet{Path: path, Port: PortRef{Name: "http"}, Scheme: "HTTP"}},
			Period:  period, Timeout: timeout, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}
	want := &Workload{
		Kind: "Deployment", Name: "graceful-shutdown-app", Namespace: "default", Replicas: 1, MinReady: 3 * time.Second,
		Strategy: Strategy{Type: "RollingUpdate", MaxSurge: IntOrPercent{Value: 1}},
		Pod: Pod{
			Labels: map[string]string{"app": "graceful-shutdown-app"}, Grace: time.Minute,
			Container: "graceful-shutdown-app", Ports: []Port{{"http", 8080}},
			Env: []Env{
				{Name: "LAMEDUCK_GRACE", Value: "60s"}, {Name: "LAMEDUCK_DELAY", Value: "10s"},
				{Name: "LAMEDUCK_QUIET", Value: "2s"}, {Name: "LAMEDUCK_RESERVE", Value: "3s"},
			},
			Readiness: check("/ready", 2*time.Second, time.Second),
			Liveness:  check("/alive", 10*time.Second, 5*time.Second),
		},
		Service: &Service{
			Name: "graceful-shutdown-app", Ports: []ServicePort{{"http", 8080, PortRef{Name: "http"}}},
		},
		Target: Port{"http", 8080},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Workload{}, "File", "Positions")); diff != "" {
		t.Error(diff)
	}
}

func TestDeployParses(t *testing.T) {
	files := 0
	err := filepath.WalkDir(deployDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f := &file{name: path, positions: map[string]Pos{}}
		_, err = f.objects(data)
		return err
	})
	if err != nil || files < 8 {
		t.Errorf("%d files: %v", files, err)
	}
}

// TestDeploySums redoes the sums that the comments in deploy/ give.
func TestDeploySums(t *testing.T) {
	const longestRequest = 45 * time.Second
	for name, patches := range variants {
		t.Run(name, func(t *testing.T) {
			w := variant(t, patches)
			clock := map[string]time.Duration{}
			for _, e := range w.Pod.Env {
				d, err := time.ParseDuration(e.Value)
				if err != nil {
					t.Fatal(err)
				}
				clock[strings.TrimPrefix(e.Name, "LAMEDUCK_")] = d
			}
			var slept time.Duration
			if w.Pod.PreStop != nil && w.Pod.PreStop.Sleep != nil {
				slept = *w.Pod.PreStop.Sleep
			}
			if got, want := clock["GRACE"], w.Pod.Grace-slept; got != want {
				t.Errorf("LAMEDUCK_GRACE is %v, but %v of the grace period are left after preStop", got, want)
			}
			if sum := clock["DELAY"] + clock["QUIET"] + longestRequest + clock["RESERVE"]; sum != clock["GRACE"] {
				t.Errorf("delay, quiet, longest request and reserve are %v, not %v", sum, clock["GRACE"])
			}
			if slept+clock["DELAY"] != 10*time.Second {
				t.Errorf("sleep %v and delay %v aren't 10s", slept, clock["DELAY"])
			}
			if w.Strategy.MaxUnavailable.Resolve(w.Replicas, false) != 0 {
				t.Error("a rollout may take a pod away before its replacement is there")
			}
		})
	}
}

// TestDeployRestricted checks what Pod Security "restricted" asks for, and
// the two things it doesn't: no writable root, no token.
func TestDeployRestricted(t *testing.T) {
	f := &file{name: "kubernetes.yaml", positions: map[string]Pos{}}
	data, err := os.ReadFile(deployDir + "/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := f.objects(data)
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.onlyWorkload(objects)
	if err != nil {
		t.Fatal(err)
	}
	spec := d.get("spec").get("template").get("spec")
	pod, container := spec.get("securityContext"), spec.get("containers").items()[0].get("securityContext")
	token, escalation := spec.get("automountServiceAccountToken"), container.get("allowPrivilegeEscalation")
	for rule, holds := range map[string]bool{
		"runAsNonRoot":             pod.get("runAsNonRoot").truth(),
		"runAsUser":                pod.get("runAsUser").number(0, 1) == 65532,
		"seccompProfile":           pod.get("seccompProfile").get("type").text("") == "RuntimeDefault",
		"allowPrivilegeEscalation": escalation.present() && !escalation.truth(),
		"capabilities":             cmp.Equal(container.get("capabilities").get("drop").texts(), []string{"ALL"}),
		"readOnlyRootFilesystem":   container.get("readOnlyRootFilesystem").truth(),
		"token":                    token.present() && !token.truth(),
	} {
		if !holds {
			t.Errorf("%s isn't as it should be", rule)
		}
	}
	for _, absent := range []string{"hostNetwork", "hostPID", "hostIPC", "volumes"} {
		if spec.get(absent).present() {
			t.Errorf("%s is there", absent)
		}
	}
	if f.err != nil {
		t.Error(f.err)
	}
}

func TestDisruptionBudgetLeavesOneToEvict(t *testing.T) {
	w := variant(t, variants["replicated"])
	f := &file{positions: map[string]Pos{}}
	data, err := os.ReadFile(deployDir + "/variants/replicated/pod-disruption-budget.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := f.objects(data)
	if err != nil {
		t.Fatal(err)
	}
	spec := objects[0].get("spec")
	if left := spec.get("minAvailable").number(0, 0); w.Replicas-left != 1 {
		t.Errorf("of %d replicas %d have to stay", w.Replicas, left)
	}
	if !selects(spec.get("selector").get("matchLabels"), w.Pod.Labels) {
		t.Error("the budget is for other pods")
	}
}

// variant is kubernetes.yaml with patches, as kustomize merges them.
func variant(t *testing.T, patches []string) *Workload {
	t.Helper()
	var docs []any
	load(t, "kubernetes.yaml", &docs)
	for _, path := range patches {
		var patch []any
		load(t, "variants/"+path+".yaml", &patch)
		docs[0] = merge(docs[0], patch[0])
	}
	data, err := yaml.Dump(docs, yaml.WithAllDocuments())
	if err != nil {
		t.Fatal(err)
	}
	w, err := Read("variant.yaml", bytes.NewReader(data), Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func load(t *testing.T, path string, docs *[]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(deployDir, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(data, docs, yaml.WithAllDocuments()); err != nil {
		t.Fatal(err)
	}
}

// merge is a strategic merge, as far as it's needed here: fields one by one,
// and lists by the name of their entries.
func merge(base, patch any) any {
	switch patch := patch.(type) {
	case map[string]any:
		merged, ok := base.(map[string]any)
		if !ok {
			return patch
		}
		for key, value := range patch {
			merged[key] = merge(merged[key], value)
		}
		return merged
	case []any:
		merged, _ := base.([]any)
		for _, entry := range patch {
			merged = mergeEntry(merged, entry)
		}
		return merged
	}
	return patch
}

func mergeEntry(list []any, entry any) []any {
	named, _ := entry.(map[string]any)
	for i := range list {
		if have, ok := list[i].(map[string]any); ok && named["name"] != nil && have["name"] == named["name"] {
			list[i] = merge(have, entry)
			return list
		}
	}
	return append(list, entry)
}
