package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// lintExamples are the manifests by which lint explains its rules.
const lintExamples = "../cmd/lameduck/internal/lint/testdata"

// TestPolicies: an API server refuses by the policies of lint --policy what lint finds in
// one object, and accepts it cured.
func TestPolicies(t *testing.T) {
	t.Parallel()
	s := newNamespace(t, need(t))
	text, err := exec.CommandContext(t.Context(), s.tool, "lint", "--policy").Output()
	if err != nil {
		t.Fatal(err)
	}
	// Only here: other tests deploy what has such mistakes.
	policies := strings.NewReplacer("[Warn, Audit]", "[Deny]\n  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "+s.name+"}}}").Replace(string(text))
	kubectl(t, policies, "apply", "-f", "-")
	t.Cleanup(func() { _, _ = try(t, policies, "delete", "--wait=false", "-f", "-") })
	for rule, wrong := range map[string]string{
		"prestop-uses-the-grace-period": "wrong.yaml",
		"grace-too-short":               "wrong.yaml",
		"grace-shorter-than-drain":      "wrong-settings.yaml",
		"rollout-takes-all-pods-down":   "wrong.yaml",
		"budget-never-allows":           "wrong.yaml",
	} {
		t.Run(rule, func(t *testing.T) {
			dry := func(file string) error {
				_, err := try(t, "", "apply", "--dry-run=server", "-n", s.name, "-f", filepath.Join(lintExamples, rule, file))
				return err
			}
			err := dry(wrong)
			for end := time.Now().Add(time.Minute); err == nil && time.Now().Before(end); err = dry(wrong) {
				time.Sleep(time.Second) // a new policy is compiled first
			}
			if err == nil || !strings.Contains(err.Error(), rule+": ") {
				t.Errorf("%s is not refused by the policy: %v", wrong, err)
			}
			if err := dry("right.yaml"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFixedManifestsApply: Kubernetes takes what lint --fix makes, strictly, and what its
// rules call right.
func TestFixedManifestsApply(t *testing.T) {
	t.Parallel()
	s := newNamespace(t, need(t))
	var files []string
	for _, pattern := range []string{"right.yaml", "*.fixed.yaml"} {
		found, err := filepath.Glob(filepath.Join(lintExamples, "*", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 40 {
		t.Fatalf("only %d files", len(files))
	}
	args := []string{"apply", "--dry-run=server", "--validate=strict", "-n", s.name}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(elsewhere, func(group string) bool { return strings.Contains(string(text), group) }) {
			args = append(args, "-f", file)
		}
	}
	kubectl(t, "", args...)
}

// elsewhere are API groups that no cluster has by itself.
var elsewhere = []string{"argoproj.io/", "keda.sh/", "cloud.google.com/v1", "apps.kruise.io/"}
