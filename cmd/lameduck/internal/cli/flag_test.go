package cli

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
)

// TestAWrongValueOfAFlag: the message is for users, and has no function of ours.
func TestAWrongValueOfAFlag(t *testing.T) {
	for flag, want := range map[string]string{
		"--rate=x": "--rate x is not a whole number", "--seed=-1": "--seed -1 is not a whole number, 0 or more",
		"--for=5": "--for 5 is not a duration such as 30s or 2m", "--dry-run=perhaps": "--dry-run perhaps is not true or false",
		"--rate=99999999999999999999": "--rate 99999999999999999999 is out of range",
	} {
		code, out, errs := lameduck("verify", flag, "--", "true")
		if code != console.ExitUsage || out != "" || !strings.HasPrefix(errs, "lameduck: "+want+"\nhint: ") || strings.Count(errs, "\n") != 2 {
			t.Errorf("%s: exit code %d, %s", flag, code, errs)
		}
	}
}

// TestNoKubeconfig: the error names none of what client-go would read besides.
func TestNoKubeconfig(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBECONFIG", "")
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	code, _, errs := lameduck("verify", "deploy/shop")
	if code != console.ExitFailed || !strings.HasPrefix(errs, "lameduck: there is no kubeconfig\nhint: --kubeconfig, ") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}
