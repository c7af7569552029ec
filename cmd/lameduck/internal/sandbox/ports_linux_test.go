package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// TestClientsShareLocalPorts: where pods have no network of their own, clients
// of different pods can have the same local port, as those of any program. Else
// a load of a few hundred connections per second uses up the ports of the
// machine, of which each stays in TIME_WAIT for a minute.
func TestClientsShareLocalPorts(t *testing.T) {
	cfg, out := isolated(t, "few-ports")
	p := start(t, cfg)
	if code, signal := await(t, p); code != 0 {
		t.Errorf("exit %d %s: %s", code, signal, out)
	}
}

// fewPorts connects to two pods as often as there are local ports, while it
// keeps all connections.
func fewPorts() {
	if err := connectWithFewPorts(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func connectWithFewPorts() error {
	var pods []*sandbox.Process
	for range 2 {
		p, err := sandbox.Start(sandbox.Config{Path: "/proc/self/exe", Env: append(os.Environ(), "TEST_PROGRAM=port"), Output: io.Discard})
		if err != nil {
			return err
		}
		defer p.Close()
		for deadline := time.Now().Add(patience); len(p.Listening()) == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				return errors.New("a pod does not listen")
			}
		}
		pods = append(pods, p)
	}
	const ports = 4
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", fmt.Appendf(nil, "20000 %d", 20000+ports-1), 0o644); err != nil {
		return err
	}
	var kept []net.Conn
	defer func() {
		for _, c := range kept {
			c.Close()
		}
	}()
	for i := range ports {
		for _, p := range pods {
			c, err := p.Dial(context.Background(), 8080)
			if err != nil {
				return fmt.Errorf("connection %d of %d: %w", i+1, ports, err)
			}
			kept = append(kept, c)
		}
	}
	return nil
}
