//go:build unix

package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"time"
)

// plain is a process on this host: a normal child, which gets its port in PORT.
// Its process group ends with it, as the processes of a container end with
// process 1.
type plain struct {
	addr netip.AddrPort
	diag *diag
}

// listenCheck bounds the connection that finds out whether PORT is served.
const listenCheck = 100 * time.Millisecond

func newPlain(cfg *Config) (backend, error) {
	if cfg.Port == 0 {
		port, err := freePort()
		if err != nil {
			return nil, fmt.Errorf("no free port for PORT: %w", err)
		}
		cfg.Port = port
	}
	cfg.Env = append(cfg.Env[:len(cfg.Env):len(cfg.Env)], "PORT="+strconv.Itoa(cfg.Port))
	return &plain{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(cfg.Port)), newDiag(nil)}, nil
}

// freePort asks the kernel for a port. Another program may take it before the
// process does, which then fails with an error.
func freePort() (int, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (p *plain) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = killWithParent()
	if err := startChild(cmd); err != nil {
		return err
	}
	guardGroup(cmd.Process.Pid)
	return nil
}

func (p *plain) hook(cmd *exec.Cmd) error {
	if err := p.start(cmd); err != nil {
		return err
	}
	defer p.clear(cmd.Process.Pid)
	return cmd.Wait()
}

func (p *plain) clear(pid int) {
	_ = killGroup(pid) // ESRCH: no process is left
	unguardGroup(pid)
}

func (p *plain) release() { p.diag.close() }

func (p *plain) dial(ctx context.Context, _ int) (net.Conn, error) {
	return connect(ctx, p.addr)
}

func (p *plain) listening() []netip.AddrPort {
	ctx, cancel := context.WithTimeout(context.Background(), listenCheck)
	defer cancel()
	conn, err := connect(ctx, p.addr)
	if err != nil {
		return nil
	}
	conn.Close()
	return []netip.AddrPort{p.addr}
}

func (p *plain) listeners(int) []string { return nil }

func (p *plain) acceptQueue(int) (Queue, error) { return p.diag.acceptQueue(int(p.addr.Port())) }

func (p *plain) unaccepted(int) ([]uint64, error) { return p.diag.unaccepted(int(p.addr.Port())) }

func (p *plain) overIPv6(int) bool { return false }
