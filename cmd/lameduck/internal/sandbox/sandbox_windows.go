package sandbox

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

var errWindows = errors.New("pods cannot be run on Windows: it has no signals to terminate them with")

// Main does nothing here: no pod is ever started.
func Main() {}

// Enter does nothing here.
func Enter(context.Context) error { return nil }

// Available returns why pods cannot have namespaces here.
func Available() error { return errWindows }

func newBackend(*Config) (backend, error) {
	return nil, hint.New(errWindows, "run lameduck in WSL, or verify a Deployment on a cluster: lameduck verify deploy/NAME")
}

// SignalName is the name of a signal that Windows knows of.
func SignalName(sig syscall.Signal) string {
	for name, s := range windowsSignals {
		if s == sig {
			return name
		}
	}
	return ""
}

// SignalByName is the signal of that name ("SIGTERM"), or 0.
func SignalByName(name string) syscall.Signal { return windowsSignals[name] }

var windowsSignals = map[string]syscall.Signal{
	"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT,
	"SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM,
}

func killGroup(int) error { return errWindows }

func catches(int, syscall.Signal) bool { return true }

func tree(int) []ProcessInfo { return nil }

func runs(int) bool { return false }

func waits([]int) map[int]time.Duration { return nil }

func endsByDefault(int, syscall.Signal) bool { return false }
