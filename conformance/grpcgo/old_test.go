package grpcgo

import (
	"os"
	"os/exec"
	"testing"
)

// TestOldVersion runs the tests with the version of old.mod: many programs
// have one that is as old, and its Stop waits for handlers.
func TestOldVersion(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-modfile=../old.mod", "-count=1", "-timeout=5m", "-v", "-run=^(TestUnary|TestStream|TestHealthWatch|TestStuck)$", ".")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
