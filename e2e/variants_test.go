package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleApp: what deploy/ has, as it is, alone and with each of its
// variants: a rolling update drops nothing. Then the tutorial, which uses it. One
// after the other: its pods request 500m each, and a node may have but two
// processors. All other pods request next to nothing.
func TestExampleApp(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, variant := range []string{"", "prestop-sleep", "prestop-http", "prestop-exec", "replicated"} {
		t.Run("deploy "+variant, func(t *testing.T) {
			s := newNamespace(t, w)
			s.kubectl("apply", "-k", kustomization(t, variant))
			s.kubectl("rollout", "status", "deployment/graceful-shutdown-app", "--timeout=90s")
			s.verifyFinds(nil, "svc/graceful-shutdown-app", "--workers=1", rate)
		})
	}
	t.Run("as in the README", func(t *testing.T) { tutorial(t, w) })
}

// kustomization is a folder with deploy/ and one of its components, as a user
// would write it.
func kustomization(t *testing.T, variant string) string {
	t.Helper()
	dir := t.TempDir()
	deploy, err := filepath.Abs("../deploy")
	if err != nil {
		t.Fatal(err)
	}
	if deploy, err = filepath.Rel(dir, deploy); err != nil {
		t.Fatal(err)
	}
	lines := []string{"resources:", "- " + deploy}
	if variant != "" {
		lines = append(lines, "components:", "- "+filepath.Join(deploy, "variants", variant))
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
