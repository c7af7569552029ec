package sandbox

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestWaits: more threads than processors compute, so each waits for its turn.
func TestWaits(t *testing.T) {
	pid := os.Getpid()
	before := waits([]int{pid})
	if before == nil {
		t.Skip("this kernel does not show for how long a thread waited")
	}
	var done atomic.Bool
	var computing sync.WaitGroup
	for range 2 * runtime.NumCPU() {
		computing.Go(func() {
			runtime.LockOSThread() // never unlocked: it ends with the goroutine
			for !done.Load() {
			}
		})
	}
	old := runtime.GOMAXPROCS(4 * runtime.NumCPU())
	defer runtime.GOMAXPROCS(old)
	defer computing.Wait()
	defer done.Store(true)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		for thread, waited := range waits([]int{pid}) {
			if waited-before[thread] > 20*time.Millisecond {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("no thread waited, of twice as many as there are processors")
}

// TestWaitsOfNoProcess: one that has ended has no thread.
func TestWaitsOfNoProcess(t *testing.T) {
	if found := waits([]int{1 << 30}); found != nil {
		t.Errorf("got %v", found)
	}
}
