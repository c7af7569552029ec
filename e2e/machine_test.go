package e2e

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// machine is the processor time that this machine has left for another test. A
// test that begins on a machine without any makes late clients and starved
// pods, and what is measured with them is no evidence about a server.
type machine struct {
	trials sync.RWMutex // held by a trial; for writing by one that needs the machine alone

	mu      sync.Mutex
	tests   int       // that have begun and not ended
	entered time.Time // the last of them
}

var thisMachine machine

const (
	// enough is the most of the last ten seconds, in percent, in which some
	// process may have waited for a processor when one more test begins.
	enough = 60
	// settled is how long the average of ten seconds takes to know of the
	// pods that the last test has started.
	settled = 8 * time.Second
)

// enter waits until no other test runs, or there is processor time left. It
// leaves with the test.
func (m *machine) enter(t *testing.T) {
	t.Helper()
	for !m.admit() {
		select {
		case <-t.Context().Done():
			t.Fatal("no processor time was left until the end of the tests")
		case <-time.After(time.Second):
		}
	}
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.tests--
	})
}

func (m *machine) admit() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tests > 0 && (time.Since(m.entered) < settled || waiting() > enough) {
		return false
	}
	m.tests++
	m.entered = time.Now()
	return true
}

// waiting is the share of the last ten seconds, in percent, in which some
// process waited for a processor: 0 where the kernel does not report it
// (Documentation/accounting/psi.rst).
func waiting() (percent float64) {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	some, _, _ := strings.Cut(string(text), "\n")
	_, _ = fmt.Sscanf(some, "some avg10=%f", &percent)
	return percent
}
