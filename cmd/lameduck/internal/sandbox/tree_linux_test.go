package sandbox

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestRuns: a process that has ended and was not waited for is a zombie.
func TestRuns(t *testing.T) {
	if !runs(os.Getpid()) {
		t.Error("this process does not run")
	}
	if runs(1 << 30) {
		t.Error("a process that does not exist runs")
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !runs(cmd.Process.Pid) {
		t.Error("it does not run")
	}
	cmd.Process.Kill()
	for deadline := time.Now().Add(time.Minute); runs(cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a process that was killed runs")
		}
	}
	cmd.Wait()
}
