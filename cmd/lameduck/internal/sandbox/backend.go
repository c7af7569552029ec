package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os/exec"
)

// Config is what to run, and where.
type Config struct {
	Path     string     // the command as it was typed; it is looked up in Dir, or in the PATH of Env
	Args     []string   // its arguments, without the command itself
	Env      []string   // its whole environment, key=value
	Dir      string     // its working directory; empty: ours
	Hostname string     // of the isolated form; empty: ours
	IP       netip.Addr // of the isolated form: IPv4, on the loopback interface of the namespace
	Output   io.Writer  // its standard output and error, and those of its hooks; nil: nowhere
	Isolated bool       // in namespaces of its own; else a plain child of ours
	Port     int        // of the plain form: the value of PORT; 0: a free one
	// SharesProcesses: the process is not process 1 of its PID namespace, as
	// with shareProcessNamespace, so that signals have their default action.
	SharesProcesses bool
}

var errEnded = errors.New("the container has ended")

// backend is where a process runs: in namespaces of its own, or on this host.
type backend interface {
	start(cmd *exec.Cmd) error
	dial(ctx context.Context, port int) (net.Conn, error)
	listening() []netip.AddrPort
	overIPv6(port int) bool
	listeners(port int) []string // the inodes of the sockets that listen on it
	acceptQueue(port int) (Queue, error)
	unaccepted(port int) ([]uint64, error)
	hook(cmd *exec.Cmd) error // runs it to its end
	clear(pid int)            // away what the process left behind when it ended
	release()                 // gives back what was held; dials are refused from now on
}

// Queue is what the kernel shows of the TCP sockets that listen on a port.
type Queue struct {
	Listens bool // there is one
	Waiting int  // connections that are made and not yet accepted
}

// ErrNoQueue is the error where the kernel does not show its queues.
var ErrNoQueue = errors.New("the accept queue cannot be seen here")
