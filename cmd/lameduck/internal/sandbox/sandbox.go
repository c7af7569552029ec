// Package sandbox runs one process as a container runtime would: as process 1
// of its own PID namespace, alone in its own network namespace, with its own
// host name. Clients reach it at the pod's IP from inside that namespace, so
// any unmodified binary may listen on its usual port, beside its replicas.
//
// A program that uses it calls Main first thing in main, since the package
// starts pods through a re-executed copy of the program; and Enter before it
// prints anything, if it may be run by an unprivileged user.
//
// The network of an isolated process is its own and ends there: it reaches
// neither the host nor other pods, and a server that needs a database has to
// be run plainly.
//
// Its files are those of the host. What it writes to /tmp, /run, /var/lib, its home and
// the folder that it starts in is its own, except in folders there that its command or its
// environment names.
//
// Where the host has no namespaces (macOS, a locked-down container) a process
// can still be started plainly: with Config.Isolated false it gets a free port
// in PORT and is dialled on the loopback address.
//
// Nothing outlives the program, not even when it is killed: the kernel kills
// an isolated process with it (PR_SET_PDEATHSIG), and with that process, which
// is process 1 of its namespace, all its descendants.
package sandbox

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
)

// Process is a process that was started.
type Process struct {
	cfg     Config
	cmd     *exec.Cmd
	backend backend
	output  io.Writer
	done    chan struct{}
	close   sync.Once
	endedBy atomic.Int32 // the signal that ended it by its default action
}

// Start starts a process. It fails if the command cannot be found or
// executed; Done and Exit report its end.
func Start(cfg Config) (*Process, error) {
	path, err := lookPath(cfg.Path, cfg.Dir, cfg.Env)
	if err != nil {
		return nil, err
	}
	h, err := newBackend(&cfg)
	if err != nil {
		return nil, err
	}
	p := &Process{cfg: cfg, backend: h, output: OneAtATime(cfg.Output), done: make(chan struct{})}
	if err := p.start(path); err != nil {
		h.release()
		return nil, withHint(err)
	}
	return p, nil
}

func (p *Process) start(path string) error {
	out, err := newStream(p.output)
	if err != nil {
		return err
	}
	p.cmd = p.command(exec.Command(path), p.cfg.Path, p.cfg.Args)
	p.cmd.Stdout, p.cmd.Stderr = out.write, out.write
	err = p.backend.start(p.cmd)
	out.write.Close()
	if err != nil {
		out.finish()
		return err
	}
	go p.wait(out)
	return nil
}

// command fills in what the process and its hooks have in common.
func (p *Process) command(cmd *exec.Cmd, name string, args []string) *exec.Cmd {
	cmd.Args = append([]string{name}, args...)
	cmd.Env, cmd.Dir = p.cfg.Env, p.cfg.Dir
	return cmd
}

func (p *Process) wait(out *stream) {
	_ = p.cmd.Wait() // how it ended is in ProcessState
	p.backend.clear(p.cmd.Process.Pid)
	out.finish()
	close(p.done)
}

// Dial connects to a port of the process as a client on another host would:
// to the pod's IP, so a server bound to 127.0.0.1 only refuses; to its IPv6
// address if the port accepts no other. After the
// process has ended it is refused. In the plain form every port is PORT.
func (p *Process) Dial(ctx context.Context, port int) (net.Conn, error) {
	return p.backend.dial(ctx, port)
}

// OverIPv6 reports whether the port accepts connections over IPv6 only, and so
// Dial makes those.
func (p *Process) OverIPv6(port int) bool { return p.backend.overIPv6(port) }

// Listening lists the TCP sockets that listen, in order of their port. In the
// plain form it reports only whether PORT accepts connections.
func (p *Process) Listening() []netip.AddrPort {
	if p.ended() {
		return nil // its number may be another's by now
	}
	return p.backend.listening()
}

// Exec runs a command beside the process, in the same namespaces and with the
// same environment, until it ends. When ctx ends the command is killed, and
// when the process ends so does the command. An exit code other than 0 is an
// error.
func (p *Process) Exec(ctx context.Context, argv []string) error {
	path, err := lookPath(argv[0], p.cfg.Dir, p.cfg.Env)
	if err != nil {
		return err
	}
	if p.ended() {
		return errEnded
	}
	cmd := p.command(exec.CommandContext(ctx, path), argv[0], argv[1:])
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.output, p.output, outputDelay
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	return hookError(ctx, argv[0], p.backend.hook(cmd))
}

// Signal sends a signal to the process itself, and to none of its children, as a
// container runtime does.
func (p *Process) Signal(sig syscall.Signal) error {
	if p.cfg.Isolated && p.cfg.SharesProcesses && !p.ended() && endsByDefault(p.cmd.Process.Pid, sig) {
		// The kernel discards such a signal to process 1 of the namespace, which the process is here.
		p.endedBy.Store(int32(sig))
		sig = syscall.SIGKILL
	}
	return p.cmd.Process.Signal(sig)
}

// Catches reports whether the process has a handler for a signal, or blocks it
// to wait for it. Process 1 of a PID namespace never sees a signal that it
// neither handles nor blocks (pid_namespaces(7)). Where the host does not show
// that, it is true.
func (p *Process) Catches(sig syscall.Signal) bool {
	return !p.ended() && catches(p.cmd.Process.Pid, sig)
}

func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Done is closed when the process has ended and its output has been written.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit is how the process ended, once Done is closed: the exit code as the
// kubelet reports it (128+n after signal n), and the name of the signal.
func (p *Process) Exit() (code int, signal string) {
	if sig := syscall.Signal(p.endedBy.Load()); sig != 0 {
		return signalBase + int(sig), SignalName(sig)
	}
	return exitStatus(p.cmd.ProcessState)
}

// Close kills what is left of the process, waits for its end and gives the
// namespaces back. It may be called more than once.
func (p *Process) Close() error {
	p.close.Do(func() {
		_ = p.cmd.Process.Kill() // it may have ended long ago
		<-p.done
		p.backend.release()
	})
	return nil
}
