package e2e

import (
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// ends are how the containers of some pods ended, the deleted ones included.
type ends struct {
	mu  sync.Mutex
	how map[string]end // by pod
}

// end is what the kubelet says of a container that has ended, with the last
// words that it left.
type end struct {
	ExitCode int
	Reason   string
	Message  string
}

// podStatus is a pod as far as the tests look at it.
type podStatus struct {
	Metadata struct{ Name string }
	Status   struct {
		ContainerStatuses []struct {
			State, LastState struct{ Terminated *end }
		}
	}
}

// watchEnds watches the pods until the end of the test.
func (s *space) watchEnds(selector string) *ends {
	s.Helper()
	e := &ends{how: map[string]end{}}
	from, out := io.Pipe()
	s.Cleanup(func() { _ = out.Close() })
	s.stream(out, "get", "pods", "-l", selector, "-w", "-o", "json")
	go e.read(from)
	return e
}

func (e *ends) read(from *io.PipeReader) {
	defer from.Close()
	for pods := json.NewDecoder(from); ; {
		var pod podStatus
		if pods.Decode(&pod) != nil {
			return // kubectl has ended
		}
		for _, c := range pod.Status.ContainerStatuses {
			e.note(pod.Metadata.Name, c.LastState.Terminated) // it was started again
			e.note(pod.Metadata.Name, c.State.Terminated)
		}
	}
}

func (e *ends) note(pod string, how *end) {
	if how == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.how[pod] = *how
}

// count is how many have ended.
func (e *ends) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.how)
}

// wantGood: so many have ended, each with exit code 0 and words that say that
// nothing was cut.
func (e *ends) wantGood(t *testing.T, pods int) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.how) != pods {
		t.Errorf("%d pods have ended, want %d", len(e.how), pods)
	}
	for pod, how := range e.how {
		if how.ExitCode != 0 || !strings.Contains(how.Message, " cut=0") {
			t.Errorf("pod %s ended with %+v", pod, how)
		}
		t.Logf("%s: %s", pod, how.Message)
	}
}

// logsIfFailed shows what the pods there are now log until they end to who has
// to find out why the test failed.
func (s *space) logsIfFailed(selector string) {
	s.Helper()
	log := &talk{}
	s.stream(log, "logs", "-f", "--prefix", "--max-log-requests=10", "--tail=-1", "-l", selector)
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("%s", log)
		}
	})
}

// stream runs a kubectl beside the test, which ends with it at the latest.
func (s *space) stream(out io.Writer, args ...string) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.Context()))
	cmd := exec.CommandContext(ctx, "kubectl", append(args, "-n", s.name)...)
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		cancel()
		s.Fatal(err)
	}
	s.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
}
