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

// TestTerminations: what ends a pod before its own grace period does.
func TestTerminations(t *testing.T) {
	w := need(t)
	t.Parallel()
	force := []string{"--grace-period=0", "--force"}
	for _, tt := range []struct {
		name   string
		app    app
		delete []string // flags of kubectl delete
		finds  []string
		exit   string // its code; unknown: the kubelet does not report it
	}{
		{"outlives-its-grace", app{name: "hang", args: []string{"hang"}, grace: 5}, nil, []string{"ignores-the-signal"}, "137, killed"},
		{"shorter-grace", server("lameduck"), []string{"--grace-period=5"}, []string{"grace-shorter-than-delay"}, "137, killed"},
		{"shorter-grace-and-configured", app{name: "lameduck", args: []string{"lameduck"}, env: inFiveSeconds}, []string{"--grace-period=5"}, nil, "0"},
		{"force", server("default"), force, []string{"deleted-by-force"}, "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newNamespace(t, w)
			tt.app.replicas = 2
			s.deploy(tt.app)
			v := s.watch("deploy/"+tt.app.name, "--for=25s", "--workers=1", "--traffic=new,keepalive", rate)
			pod := s.anyPod(tt.app)
			s.kubectl(append([]string{"delete", pod, "--wait=false"}, tt.delete...)...)
			r := v.result(t)
			r.wantFindings(t, tt.finds...)
			if got := r.pod(pod).exit(); got != tt.exit {
				t.Errorf("%s: exit %s, want %s", pod, got, tt.exit)
			}
		})
	}
}

// inFiveSeconds is for short requests: there is half a second left for the
// last of them.
var inFiveSeconds = []string{"LAMEDUCK_GRACE=5s", "LAMEDUCK_DELAY=3500ms", "LAMEDUCK_QUIET=500ms", "LAMEDUCK_RESERVE=500ms"}

// anyPod is one of the app's, as in pod/NAME.
func (s *namespace) anyPod(a app) string {
	s.Helper()
	return strings.Fields(s.kubectl("get", "pods", "-l", "app="+a.name, "-o", "name"))[0]
}

// podOn is one of the app's on a node.
func (s *namespace) podOn(a app, node string) string {
	s.Helper()
	pods := strings.Fields(s.kubectl("get", "pods", "-l", "app="+a.name, "--field-selector=spec.nodeName="+node, "-o", "name"))
	if len(pods) == 0 {
		s.Fatalf("no pod of %s is on %s", a.name, node)
	}
	return pods[0]
}

// event reports whether the pod has an event with this reason.
func (s *namespace) event(pod, reason string) bool {
	s.Helper()
	return s.kubectl("get", "events", "--field-selector=reason="+reason+",involvedObject.name="+strings.TrimPrefix(pod, "pod/"), "-o", "name") != ""
}

// exits are how the containers of some pods ended, the deleted ones included.
type exits struct {
	mu     sync.Mutex
	exited map[string]terminated // by pod
}

// terminated is the kubelet's status of a container that has ended, with its
// termination message.
type terminated struct {
	ExitCode int
	Reason   string
	Message  string
}

// podStatus is a pod as far as the tests look at it.
type podStatus struct {
	Metadata struct{ Name string }
	Status   struct {
		ContainerStatuses []struct {
			State, LastState struct{ Terminated *terminated }
		}
	}
}

// watchExits watches the pods until the end of the test.
func (s *namespace) watchExits(selector string) *exits {
	s.Helper()
	e := &exits{exited: map[string]terminated{}}
	from, out := io.Pipe()
	s.Cleanup(func() { _ = out.Close() })
	s.stream(out, "get", "pods", "-l", selector, "-w", "-o", "json")
	go e.read(from)
	return e
}

func (e *exits) read(from *io.PipeReader) {
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

func (e *exits) note(pod string, exited *terminated) {
	if exited == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exited[pod] = *exited
}

// count is how many have ended.
func (e *exits) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.exited)
}

// wantClean: so many have ended, each with exit code 0 and a termination message
// that nothing was cut.
func (e *exits) wantClean(t *testing.T, pods int) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.exited) != pods {
		t.Errorf("%d pods have ended, want %d", len(e.exited), pods)
	}
	for pod, exited := range e.exited {
		if exited.ExitCode != 0 || !strings.Contains(exited.Message, " cut=0") {
			t.Errorf("pod %s ended with %+v", pod, exited)
		}
		t.Logf("%s: %s", pod, exited.Message)
	}
}

// logsIfFailed shows what the pods that there are now log until they end, if the test
// fails.
func (s *namespace) logsIfFailed(selector string) {
	s.Helper()
	log := &liveOutput{}
	s.stream(log, "logs", "-f", "--prefix", "--max-log-requests=10", "--tail=-1", "-l", selector)
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("%s", log)
		}
	})
}

// stream runs kubectl beside the test, until the test ends at the latest.
func (s *namespace) stream(out io.Writer, args ...string) {
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
