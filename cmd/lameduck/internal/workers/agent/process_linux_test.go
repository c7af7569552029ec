package agent

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/workers/wire"
)

// TestCoordinatorKilled: a worker ends during a run when the stream to its
// coordinator breaks.
func TestCoordinatorKilled(t *testing.T) {
	s := newServer(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asWorker+"=1", wire.EnvIP+fmt.Sprintf("=127.%d.%d.20", 1+os.Getpid()>>8&0x7f, os.Getpid()&0xff))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := wire.Write(stdin, s.start()); err != nil {
		t.Fatal(err)
	}
	if !untilAttempts(stdout) {
		t.Error("it sent no attempts")
	}
	stdin.Close()
	_, _ = io.Copy(io.Discard, stdout)
	if err := cmd.Wait(); err == nil {
		t.Error("it ended as if all was well")
	}
}

func untilAttempts(stdout io.Reader) bool {
	for in := bufio.NewScanner(stdout); in.Scan(); {
		w, err := wire.ParseMessage(in.Bytes())
		if err != nil {
			return false
		}
		if len(w.Attempts) > 0 {
			return w.Attempts[0].Sent != timeline.Never
		}
	}
	return false
}
