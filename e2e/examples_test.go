package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestExamples: the programs of examples/ under the load of their own clients
// while they are rolled, EXAMPLES_ROLLOUTS times: nothing is lost, and every
// pod that is replaced ends well.
func TestExamples(t *testing.T) {
	w := need(t)
	t.Parallel()
	for _, p := range programs() {
		for _, replicas := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", p.name, replicas), func(t *testing.T) {
				t.Parallel()
				s := newNamespace(t, w)
				s.rolled(p, replicas, rollouts(t))
			})
		}
	}
}

// TestALossOfAnExampleIsFound: without a lame duck new connections are sent to
// an example that does not listen any more, and its client reports it.
func TestALossOfAnExampleIsFound(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	p := programs()[0]
	p.env = "{name: LAMEDUCK_DELAY, value: 0s}, {name: LAMEDUCK_QUIET, value: 0s}"
	exits := s.watchExits("app=example")
	s.deployProgram(p, 1)
	r := s.underLoad(p, exits, 1, 1)
	t.Log(r)
	if r.Lost == 0 {
		t.Error("a server stopped listening at once, and its clients lost nothing")
	}
}

// rollouts is how many there are: 1, or EXAMPLES_ROLLOUTS.
func rollouts(t *testing.T) int {
	t.Helper()
	text := os.Getenv("EXAMPLES_ROLLOUTS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("EXAMPLES_ROLLOUTS is %q, want a number", text)
	}
	return n
}

// rolled rolls the program under load so many times.
func (s *namespace) rolled(p program, replicas, times int) {
	s.Helper()
	exits := s.watchExits("app=example")
	s.deployProgram(p, replicas)
	r := s.underLoad(p, exits, replicas, times)
	s.Logf("%s, %d replicas, %d rollouts: %s", p.name, replicas, times, r)
	r.wantNothingLost(s.T, p)
	exits.wantClean(s.T, replicas*times)
}

// underLoad has the load there all the time, from before the first rollout
// until the last of the old pods has ended.
func (s *namespace) underLoad(p program, exits *exits, replicas, times int) *losses {
	s.Helper()
	client := s.startLoad(p)
	for n := range times {
		s.logsIfFailed("app=example")
		s.kubectl("rollout", "restart", "deployment/example")
		s.kubectl("rollout", "status", "deployment/example", "--timeout=120s")
		s.until("the old pods have ended", func() bool { return exits.count() >= (n+1)*replicas })
	}
	s.kubectl("delete", "pod/load", "--timeout=60s")
	return loadResult(s.T, client.lastCounts()["load"])
}

// losses is what the load prints.
type losses struct {
	Attempts, Lost int
	Reasons, Asked map[string]int
	Details        []string
}

func loadResult(t *testing.T, line string) *losses {
	t.Helper()
	r := &losses{}
	if err := json.Unmarshal([]byte(line), r); err != nil {
		t.Fatalf("the load printed %q: %v", line, err)
	}
	return r
}

func (r *losses) String() string {
	return fmt.Sprintf("%d attempts, %d lost %v, asked to leave %v", r.Attempts, r.Lost, r.Reasons, r.Asked)
}

// wantNothingLost: nothing was lost of at least one attempt, and clients were asked to
// reconnect elsewhere. The worker's load is a queue, which is not asked.
func (r *losses) wantNothingLost(t *testing.T, p program) {
	t.Helper()
	if r.Attempts == 0 || r.Lost > 0 {
		t.Errorf("%s\n%s", r, strings.Join(r.Details, "\n"))
	}
	if len(r.Asked) == 0 && p.name != worker {
		t.Errorf("no client was asked to leave: %s", r)
	}
}
