package e2e

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestInterrupted: Ctrl-C in the middle of an action leaves the cluster as it
// was.
func TestInterrupted(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	a := server("lameduck")
	a.replicas = 2
	s.deploy(a)
	cordoning.Lock()
	defer cordoning.Unlock()
	before := s.state()
	for _, action := range []string{"drain-node", "scale-down"} {
		cmd, stderr := s.begin(action)
		s.until("the action has begun", func() bool { return s.state() != before })
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("%v, want exit 3\n%s", err, stderr)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			t.Errorf("%s was interrupted, and left:\n%s\n%s", action, diff, stderr)
		}
		s.kubectl("rollout", "status", "deployment/lameduck", "--timeout=90s")
	}
}

// TestKilled: the tool cannot put things back then, but the workers end by
// themselves.
func TestKilled(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	s.deploy(server("lameduck"))
	cmd, stderr := s.begin("watch")
	running := func() string {
		return s.kubectl("get", "pods", "-l", "batch.kubernetes.io/job-name", "--field-selector=status.phase=Running", "-o", "name")
	}
	// Before that a worker waits ten minutes for its coordinator.
	s.until("the clocks of the workers are compared", func() bool { return strings.Contains(stderr.String(), "clocks compared") })
	if running() == "" {
		t.Fatal("no worker runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	s.until("the workers have ended", func() bool { return running() == "" })
}

// begin starts the tool.
func (s *namespace) begin(action string) (*exec.Cmd, *liveOutput) {
	s.Helper()
	cmd := exec.Command(s.tool, "verify", "deploy/lameduck", "-n", s.name, "--action", action, "--workers=1", rate)
	stderr := &liveOutput{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, stderr
}

func (s *namespace) until(what string, is func() bool) {
	s.Helper()
	for deadline := time.Now().Add(90 * time.Second); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("it did not come: %s", what)
		}
	}
}

// state is what a trial may change and has to put back.
func (s *namespace) state() string {
	s.Helper()
	return strings.Join([]string{
		s.kubectl("get", "nodes", "-o", `jsonpath={range .items[*]}{.metadata.name} {.spec.unschedulable} {.metadata.labels}{"\n"}{end}`),
		s.kubectl("get", "deployments", "-o", `jsonpath={range .items[*]}{.metadata.name} {.spec.replicas} {.metadata.labels} {.spec.template.metadata.labels}{"\n"}{end}`),
		s.kubectl("get", "jobs,roles,rolebindings,serviceaccounts,configmaps,secrets", "-o", "name"),
	}, "\n")
}
