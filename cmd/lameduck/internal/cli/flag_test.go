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

// TestFlagsThatNeedAnother, and flags that exclude one.
func TestFlagsThatNeedAnother(t *testing.T) {
	for args, want := range map[string]string{
		"deploy/shop --node n1":                                    "--node has no effect without --action drain-node",
		"deploy/shop --for 3s":                                     "--for has no effect without --action watch",
		"deploy/shop --url http://192.0.2.1 --workers 3":           "--workers has no effect with --url",
		"deploy/shop --url http://192.0.2.1 --image x":             "--image has no effect with --url",
		"deploy/shop --action watch --action-timeout 1m":           "--action-timeout has no effect with --action watch",
		"deploy/shop --url http://me:secret@192.0.2.1":             "--url has a user name, which the load does not send",
		"deploy/shop --nodes 3":                                    "--nodes is for a trial on this machine",
		"-n prod -- x":                                             "--namespace is for a trial on a cluster",
		"--service shop -- x":                                      "--service shop needs a manifest",
		"deploy/shop deploy/cart":                                  `unexpected argument "deploy/cart"`,
		"deploy/shop -- ./server":                                  "both a workload of a cluster, deploy/shop, and a command",
		"cronjob/shop":                                             `unknown kind "cronjob"`,
		"deploy/":                                                  `"deploy/" is not KIND/NAME`,
		"deploy/shop --kubeconfig ./nosuch":                        "--kubeconfig ./nosuch: no such file or directory",
		"deploy/shop --kubeconfig testdata/kubeconfig --context x": "--context x: the kubeconfig has no such context",
	} {
		expectUsage(t, "verify "+args, want)
	}
}

// TestMisspeltContext has the hint of the one that was meant.
func TestMisspeltContext(t *testing.T) {
	_, _, errs := lameduck("verify", "deploy/shop", "--kubeconfig", "testdata/kubeconfig", "--context", "prodction")
	if !strings.Contains(errs, "\nhint: did you mean production? (") {
		t.Error(errs)
	}
}

// TestAMissingProgram is a mistake on the command line, as a missing manifest is.
func TestAMissingProgram(t *testing.T) {
	for program, want := range map[string]string{
		"./nosuch": `cannot run "./nosuch": no such file or directory`, "nosuch": `cannot run "nosuch": executable file not found in $PATH`,
		".": `cannot run ".": executable file not found in $PATH`, "./testdata": `cannot run "./testdata": is a directory`, "./flag_test.go": `cannot run "./flag_test.go": permission denied`,
	} {
		expectUsage(t, "verify -- "+program, want+"\nhint: check the spelling, or give the path of the file")
	}
}
