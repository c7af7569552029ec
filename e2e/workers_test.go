package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestWorkersCountAsTheServersDo: the requests that four workers on all nodes have counted
// are those that the pods have counted, the replaced ones included.
func TestWorkersCountAsTheServersDo(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	a := server("lameduck")
	a.replicas = 3
	s.deploy(a)
	old := s.follow("app=lameduck")
	r := s.verify("deploy/lameduck", "--workers=4", rate)
	r.wantFindings(t)
	nodes := strings.Fields(s.kubectl("get", "nodes", "-o", "name"))
	if len(r.Clocks) < min(2, len(nodes)) {
		t.Errorf("clocks of %d nodes were compared, there are %d", len(r.Clocks), len(nodes))
	}
	served := 0
	for pod, line := range old.lastCounts() {
		served += requests(t, pod, line)
	}
	for pod := range strings.FieldsSeq(s.kubectl("get", "pods", "-l", "app=lameduck", "-o", "jsonpath={.items[*].metadata.name}")) {
		served += requests(t, pod, s.kubectl("get", "--raw", "/api/v1/namespaces/"+s.name+"/pods/"+pod+":8080/proxy/counts"))
	}
	if served != r.Attempts {
		t.Errorf("the workers made %d attempts, the servers got %d requests", r.Attempts, served)
	}
}

func requests(t *testing.T, pod, line string) int {
	t.Helper()
	var c struct{ Requests int }
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Errorf("pod %s printed %q: %v", pod, line, err)
	}
	return c.Requests
}

// logs are the counts that pods print, followed until they end. What else
// they print is on another pipe, and may come before or after.
type logs struct {
	reading sync.WaitGroup
	mu      sync.Mutex
	last    map[string]string // the last counts, by pod
}

// follow reads what the pods there are now print.
func (s *namespace) follow(selector string) *logs {
	s.Helper()
	l := &logs{last: map[string]string{}}
	for pod := range strings.FieldsSeq(s.kubectl("get", "pods", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")) {
		cmd := exec.CommandContext(context.WithoutCancel(s.Context()), "kubectl", "logs", "-f", pod, "-n", s.name)
		out, err := cmd.StdoutPipe()
		if err != nil {
			s.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			s.Fatal(err)
		}
		l.reading.Go(func() {
			l.read(pod, out)
			_ = cmd.Wait()
		})
	}
	return l
}

func (l *logs) read(pod string, out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "{") {
			continue
		}
		l.mu.Lock()
		l.last[pod] = lines.Text()
		l.mu.Unlock()
	}
}

// lastCounts waits until all have ended.
func (l *logs) lastCounts() map[string]string {
	l.reading.Wait()
	return l.last
}
