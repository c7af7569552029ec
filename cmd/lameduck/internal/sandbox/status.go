package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// signalBase is what shells, container runtimes and the kubelet add to the
// number of the signal that ended a process.
const signalBase = 128

func exitStatus(state *os.ProcessState) (code int, signal string) {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return signalBase + int(ws.Signal()), SignalName(ws.Signal())
	}
	return state.ExitCode(), ""
}

// hookError is one line on how a hook failed, as in an event of the kubelet.
func hookError(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%q did not end in time: %w", name, ctx.Err())
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code, _ := exitStatus(exit.ProcessState)
		return fmt.Errorf("%q exited with %d", name, code)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it ended well, and left a child behind
	}
	return err
}
