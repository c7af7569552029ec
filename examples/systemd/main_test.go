package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) { trial.Terminate(t, load.HTTP) }

// A restart under load: there is one socket, held by the test as it is by
// systemd, and no second instance while the first one ends.
func TestSocketActivatedRestart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}

	first := activate(t, socket)
	counts := trial.Load(t, func(ctx context.Context, tally *load.Tally) { load.HTTP(ctx, dial, tally) })
	first.Signal(t, syscall.SIGTERM)
	first.EndedWell(t)
	second := activate(t, socket)
	result := counts()
	trial.CheckNothingLost(t, result, first)
	second.Signal(t, syscall.SIGTERM)
	second.EndedWell(t)
}

// activate starts the program with the socket as descriptor 3. The shell
// knows the process id before the program runs.
func activate(t *testing.T, socket *os.File) *trial.Program {
	cmd := trial.Command(t)
	shell := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"`, cmd.Path)
	shell.Env = cmd.Env
	shell.ExtraFiles = []*os.File{socket}
	return trial.Launch(t, shell)
}
