package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	for _, line := range []string{"nonsense", "up --nodes", "up extra", "up --no-such-flag", "restart n1", "load", "exec", "run", "logs n1"} {
		var out, err bytes.Buffer
		if code := run(strings.Fields(line), &out, &err); code != exitUsage {
			t.Errorf("netnskube %s: exit code %d, want %d", line, code, exitUsage)
		}
		if printed := err.String(); out.Len() > 0 || strings.Count(printed, "\n") > 2 || !strings.HasPrefix(printed, "netnskube: ") {
			t.Errorf("netnskube %s printed %q and %q, want one line and a hint at most", line, out.String(), printed)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, command := range []string{"up", "run", "kubectl", "exec", "load", "restart", "logs", "down", "build", "check"} {
		var out, err bytes.Buffer
		if code := run([]string{"help", command}, &out, &err); code != 0 || !strings.Contains(out.String(), "netnskube "+command) {
			t.Errorf("help %s: exit code %d, %q %q", command, code, out.String(), err.String())
		}
	}
}
