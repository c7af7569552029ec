package cli

import (
	"path/filepath"
	"testing"
)

// Our own manifests have no finding of any severity: those of a kustomization also by themselves, for
// there may be no kustomize.
func TestOwnManifestsAreClean(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	t.Chdir(root)
	code, out, errs := lameduck("lint", "--fail-on", "info", "deploy", "tutorial", "examples", "deploy/kubernetes.yaml", "deploy/rbac.yaml")
	if code != 0 {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}
